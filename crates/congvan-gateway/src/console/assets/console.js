// What pages do better with a script; every one of them works without, but the page that checks proofs, which has its own.
"use strict";

// A form that was sent is not sent again while its answer is on the way. The server sends once in any case.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sending) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = "1";
});
// A page that is come back to may be sent anew.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sending;
});

// Agencies are looked for as one types.
const find = document.querySelector("input[data-find]");
if (find) {
  const into = document.getElementById(find.dataset.into);
  const chosen = document.getElementById("chosen");
  let waiting = 0;
  let asked = 0;
  const look = async () => {
    const number = ++asked;
    const answer = await fetch(find.dataset.find + "?find=" + encodeURIComponent(find.value), { credentials: "same-origin" });
    if (!answer.ok || number !== asked || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const have = new Set([...chosen.querySelectorAll("input")].map((input) => input.value));
    for (const label of page.querySelectorAll("label")) {
      if (have.has(label.querySelector("input").value)) label.remove();
    }
    into.replaceChildren(...page.body.children);
  };
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 150);
  });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      look();
    }
  });
  // What is ticked stays in sight, whatever is looked for next; the focus stays with it.
  into.addEventListener("change", (event) => {
    if (event.target.checked) {
      chosen.append(event.target.closest("label"));
      event.target.focus();
    }
  });
}

// A text is copied with one press. Pages that came by plain http have no clipboard; there the text is selected and copied so.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const copy = () => {
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (navigator.clipboard) await navigator.clipboard.writeText(source.textContent).catch(copy);
    else copy();
    button.textContent = button.dataset.copied;
  });
}
