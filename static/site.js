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
  const row = link?.closest("ul");
  if (row) {
    row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }
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

// Forms: a second click does not send a second time. Buttons are not disabled, which
// would take the focus from them: they say that they are.

const BUTTON_REST_MS = 15000;
const sending = document.getElementById("sending");

function setHeld(form, held) {
  for (const button of form.elements) {
    if (button.type === "submit") {
      if (held) {
        button.setAttribute("aria-disabled", "true");
      } else {
        button.removeAttribute("aria-disabled");
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
  setTimeout(() => setHeld(form, false), BUTTON_REST_MS);
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
    element.textContent = inWords(moment, { timeZone: chosenTimeZone }, dateStyle);
  }
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

document.querySelectorAll("input[type=password]").forEach(addToggle);
document.querySelectorAll("time[datetime]").forEach(localiseTime);
document.querySelectorAll("input[data-most-bytes]").forEach((input) => {
  input.addEventListener("change", () => checkSize(input));
});
document.addEventListener("submit", sendOnce);
window.addEventListener("pageshow", releaseForms);
showCurrentPage();
focusSummary();
