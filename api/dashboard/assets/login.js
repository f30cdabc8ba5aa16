"use strict";

// An access token lives for minutes. While the login itself lasts, nobody types a password again.
const form = document.getElementById("login");

function post(path, body) {
  return fetch(`/api/v1/auth/${path}/`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

post("refresh", {}).then((answer) => {
  if (answer.ok) location.reload();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await post("login", Object.fromEntries(new FormData(form)));
  if (answer.ok) location.reload();
  else form.querySelector("[role=alert]").textContent =
    answer.status === 401 || answer.status === 422 ? form.dataset.refused : form.dataset.later;
});
