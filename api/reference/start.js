// Starts Swagger UI. Whoever is logged in by cookie can try everything: their CSRF token is added.
"use strict";

function csrfToken() {
  const cookies = document.cookie.split("; ").map((cookie) => cookie.split("="));
  const found = cookies.find(([name]) => name === "__Host-csrf" || name === "csrf");
  return found ? found[1] : null;
}

window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  requestInterceptor: (request) => {
    const token = csrfToken();
    if (token && !["GET", "HEAD"].includes(request.method)) {
      request.headers["X-CSRF-Token"] = token;
    }
    return request;
  },
});
