// Small comforts. Every page works without this file.

function focusSummary() {
  // What is wrong before what has been done.
  const summary =
    document.querySelector(".summary[data-takes-focus]") ??
    document.querySelector("[data-takes-focus]");
  summary?.focus();
}

// Phones: the account's pages stand in a row, of which the present one is to be seen.

function showCurrentPage() {
  const link = document.querySelector(".account-nav [aria-current=page]");
  const row = link?.closest(".account-nav-row");
  if (row) {
    row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }
}

// Menus: Escape, a click elsewhere, and leaving them with the keyboard close them.

function closeMenu(menu) {
  const hadFocus = menu.contains(document.activeElement);
  menu.open = false;
  if (hadFocus) {
    menu.querySelector("summary").focus();
  }
}

function watchMenu(menu) {
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      closeMenu(menu);
    }
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) {
      menu.open = false;
    }
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  });
}

// Passwords: a button that shows what was typed.

function paintToggle(button, shown) {
  const { show, showLabel, hide, hideLabel } = button.dataset;
  button.textContent = shown ? hide : show;
  // Several fields of a form have such a button.
  const label = document.getElementById(button.getAttribute("aria-controls"))?.labels[0];
  const name = shown ? hideLabel : showLabel;
  button.setAttribute("aria-label", label ? `${name}: ${label.textContent.trim()}` : name);
}

function showPassword(input, button, shown) {
  input.type = shown ? "text" : "password";
  paintToggle(button, shown);
}

function addToggle(input) {
  const button = document
    .getElementById("password-toggle")
    .content.firstElementChild.cloneNode(true);
  const wrapper = document.createElement("div");
  wrapper.className = "password-field";
  input.replaceWith(wrapper);
  wrapper.append(input, button);
  input.spellcheck = false;
  input.autocapitalize = "none";
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => {
    showPassword(input, button, input.type === "password");
  });
  // Browsers offer to save only what leaves the page as a password.
  input.form?.addEventListener("submit", () => showPassword(input, button, false));
  paintToggle(button, false);
}

// New passwords: the rule that a script can check is ticked while people type.

function watchRules(input) {
  const rules = (input.getAttribute("aria-describedby") ?? "")
    .split(" ")
    .map((id) => document.getElementById(id)?.querySelector("[data-least]"))
    .filter(Boolean);
  const tick = () => {
    for (const rule of rules) {
      const kept = [...input.value.normalize("NFC")].length >= rule.dataset.least;
      rule.classList.toggle("rule-kept", kept);
    }
  };
  input.addEventListener("input", tick);
}

// Texts to take elsewhere: the key and the codes of two-step verification.

function addCopying(button) {
  const text = document.getElementById(button.dataset.copy);
  if (!navigator.clipboard || !text) {
    return;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text.innerText.trim());
    button.textContent = button.dataset.copied;
  });
}

function addPrinting(button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Forms: a second click does not send a second time. Buttons are not disabled, which
// would take the focus from them: they say that they are.

const BUTTON_REST_MS = 15000;
const sending = document.getElementById("sending");

// Shown only when the answer takes its time.
const BUSY_AFTER_MS = 400;

const labels = new WeakMap();

function setBusy(button, busy) {
  if (busy) {
    labels.set(button, [...button.childNodes]);
    button.replaceChildren(sending.dataset.text);
  } else if (labels.has(button)) {
    button.replaceChildren(...labels.get(button));
    labels.delete(button);
  }
}

function setHeld(form, held) {
  for (const button of form.elements) {
    if (button.type === "submit") {
      if (held) {
        button.setAttribute("aria-disabled", "true");
      } else {
        button.removeAttribute("aria-disabled");
        setBusy(button, false);
      }
    }
  }
  sending.textContent = held ? sending.dataset.text : "";
}

function isHeld(form) {
  return [...form.elements].some((button) => button.hasAttribute("aria-disabled"));
}

function sendOnce(event) {
  const form = event.target;
  if (isHeld(form)) {
    event.preventDefault();
    return;
  }
  setHeld(form, true);
  if (form.dataset.download) {
    sayDownload(form);
    return;
  }
  const button = event.submitter ?? form.querySelector("[type=submit]");
  const busy = button && setTimeout(() => isHeld(form) && setBusy(button, true), BUSY_AFTER_MS);
  setTimeout(() => {
    clearTimeout(busy);
    setHeld(form, false);
  }, BUTTON_REST_MS);
}

// No page follows, and no script learns when the file comes.
function sayDownload(form) {
  const note = document.getElementById("download-note");
  sending.textContent = "";
  note.textContent = form.dataset.download;
  setTimeout(() => {
    setHeld(form, false);
    note.textContent = "";
  }, BUTTON_REST_MS);
}

function releaseForms() {
  for (const form of document.forms) {
    setHeld(form, false);
  }
}

// Times: in the zone of the profile, else in the browser's own.

const chosenTimeZone = document.documentElement.dataset.timeZone;

function localiseTime(element) {
  const moment = new Date(element.dateTime);
  if (!Number.isNaN(moment.getTime())) {
    element.title = element.textContent;
    const { dateStyle = "long" } = element.dataset;
    const absolute = inWords(moment, { timeZone: chosenTimeZone }, dateStyle);
    const relative = "relative" in element.dataset && agoInWords(moment);
    element.textContent = relative || absolute;
    element.title = relative ? absolute : element.title;
  }
}

// Within a day; older moments are clearer with their date.
function agoInWords(moment) {
  const minutes = Math.round((moment - Date.now()) / 60000);
  if (minutes > 0 || minutes <= -24 * 60) {
    return "";
  }
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  return minutes > -60
    ? words.format(minutes, "minute")
    : words.format(Math.round(minutes / 60), "hour");
}

function inWords(moment, zone, dateStyle) {
  const style = { dateStyle, timeStyle: "short" };
  try {
    return moment.toLocaleString(document.documentElement.lang, { ...style, ...zone });
  } catch {
    // A zone that this browser does not know.
    return moment.toLocaleString(document.documentElement.lang, style);
  }
}

// Files: too large ones are not even sent.

function checkSize(input) {
  const isTooLarge = [...input.files].some((file) => file.size > input.dataset.mostBytes);
  input.setCustomValidity(isTooLarge ? input.dataset.tooLarge : "");
  if (isTooLarge) {
    input.reportValidity();
  }
}

// Photos: the chosen file before it is sent. The policy allows no blob: addresses.

async function previewPhoto(input) {
  const shown = document.querySelector(".picture-large");
  const photo = await createImageBitmap(input.files[0]).catch(() => null);
  if (!photo || !shown) {
    return;
  }
  const canvas = document.createElement("canvas");
  const side = 2 * shown.width;
  const scale = Math.min(side / photo.width, side / photo.height);
  canvas.width = Math.max(1, Math.round(photo.width * scale));
  canvas.height = Math.max(1, Math.round(photo.height * scale));
  canvas.getContext("2d").drawImage(photo, 0, 0, canvas.width, canvas.height);
  canvas.className = "picture-preview";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", input.labels[0]?.textContent.trim() ?? "");
  document.querySelector(".picture-preview")?.remove();
  shown.hidden = true;
  shown.before(canvas);
}

document.querySelectorAll("input[autocomplete=new-password]").forEach(watchRules);
document.querySelectorAll("input[type=password]").forEach(addToggle);
document.querySelectorAll("[data-copy]").forEach(addCopying);
document.querySelectorAll("[data-print]").forEach(addPrinting);
document.querySelectorAll("time[datetime]").forEach(localiseTime);
document.querySelectorAll("input[data-most-bytes]").forEach((input) => {
  input.addEventListener("change", () => {
    checkSize(input);
    if (input.files.length && input.validity.valid) {
      previewPhoto(input);
    }
  });
});
document.querySelectorAll("[data-menu]").forEach(watchMenu);
document.addEventListener("submit", sendOnce);
window.addEventListener("pageshow", releaseForms);
showCurrentPage();
focusSummary();
