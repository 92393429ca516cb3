// Small comforts. Every page works without this file.

function focusSummary() {
  document.querySelector("[data-takes-focus]")?.focus();
}

// Passwords: a button that shows what was typed.

function paintToggle(button, shown) {
  const { show, showLabel, hide, hideLabel } = button.dataset;
  button.textContent = shown ? hide : show;
  button.setAttribute("aria-label", shown ? hideLabel : showLabel);
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

// Forms: a second click does not send a second time.

const BUTTON_REST_MS = 15000;

function setButtons(form, disabled) {
  for (const button of form.querySelectorAll("[type=submit]")) {
    button.disabled = disabled;
  }
}

function holdButtons(event) {
  const form = event.target;
  // After the browser has collected the values; the button's own is among them.
  setTimeout(() => {
    if (!event.defaultPrevented) {
      setButtons(form, true);
      setTimeout(() => setButtons(form, false), BUTTON_REST_MS);
    }
  });
}

function releaseButtons() {
  for (const form of document.forms) {
    setButtons(form, false);
  }
}

// Times: in the zone of the profile, else in the browser's own.

const chosenTimeZone = document.documentElement.dataset.timeZone;

function localiseTime(element) {
  const moment = new Date(element.dateTime);
  if (!Number.isNaN(moment.getTime())) {
    element.title = element.textContent;
    element.textContent = inWords(moment, { timeZone: chosenTimeZone });
  }
}

function inWords(moment, zone) {
  const style = { dateStyle: "long", timeStyle: "short" };
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
document.addEventListener("submit", holdButtons);
window.addEventListener("pageshow", releaseButtons);
focusSummary();
