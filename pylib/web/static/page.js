// What the page does beyond plain forms; without this file every form still works.
// An element says by a data- attribute what it wants.
"use strict";

// data-drop: a form whose file input also takes what is dropped or pasted, and which is sent at once.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector(".drop") || form;
  const take = (files) => {
    const images = [...files].filter((file) => file.type.startsWith("image/") || input.multiple);
    if (!images.length) return false;
    const list = new DataTransfer();
    for (const file of input.multiple ? images : images.slice(0, 1)) list.items.add(file);
    input.files = list.files;
    if (form.dataset.drop === "send") form.requestSubmit();
    return true;
  };
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); zone.classList.remove("over"); take(event.dataTransfer.files); });
  document.addEventListener("paste", (event) => { if (take(event.clipboardData.files)) event.preventDefault(); });
  if (form.dataset.drop === "send") {
    for (const each of form.querySelectorAll("input[type=file]")) {
      each.addEventListener("change", () => { if (each.files.length) form.requestSubmit(); });
    }
  }
}

// A form that is being sent says so, and is not sent twice.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  const status = form.querySelector("[data-sending]");
  if (status) status.textContent = status.dataset.sending;
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// data-opacity="ID": a slider of 0…100 for how much of that picture is seen.
for (const slider of document.querySelectorAll("input[data-opacity]")) {
  const show = () => { document.getElementById(slider.dataset.opacity).style.opacity = slider.value / 100; };
  slider.closest("[hidden]")?.removeAttribute("hidden");
  slider.addEventListener("input", show);
  show();
}

// data-script: shown only where there is this script.
for (const each of document.querySelectorAll("[data-script]")) each.hidden = false;

// data-poll="URL": an element whose content is fetched again every data-seconds, until it comes without data-poll.
const poll = (element) => setTimeout(async () => {
  try {
    const answer = await fetch(element.dataset.poll, { credentials: "same-origin" });
    if (answer.ok) {
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      const fresh = holder.content.firstElementChild;
      element.replaceWith(fresh);
      element = fresh;
    }
  } catch { /* the network is away: try again */ }
  if (element.dataset.poll) poll(element);
}, 1000 * (element.dataset.seconds || 2));
document.querySelectorAll("[data-poll]").forEach(poll);

// data-keys: a form whose buttons are pressed by the key that each names in data-key.
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=radio]), select, textarea")) return;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (button && !button.disabled) { event.preventDefault(); button.click(); }
});

// data-when="VALUE": asked only while that answer of the form's verdict is chosen.
for (const part of document.querySelectorAll("[data-when]")) {
  const form = part.closest("form");
  const show = () => { part.hidden = form.querySelector("[name=verdict]:checked")?.value !== part.dataset.when; };
  form.addEventListener("change", show);
  show();
}
