// The readable page of the API: asks for its description, with the token of the reader, and shows it.

/* global SwaggerUIBundle */

(() => {
  "use strict";

  const KEPT_AS = "ennio.token"; // as the operators' page keeps it, so that this tab asks once
  const TOKEN = /^[!-~]+$/;
  const door = document.getElementById("door");
  const field = document.getElementById("token");
  const trouble = document.getElementById("trouble");
  let token = kept();

  function kept() {
    try {
      return sessionStorage.getItem(KEPT_AS) ?? "";
    } catch {
      return ""; // storage is forbidden here: then it lasts until the page is left
    }
  }

  function keep(given) {
    token = given;
    try {
      sessionStorage.setItem(KEPT_AS, given);
    } catch {
      // as above
    }
  }

  function say(words) {
    trouble.textContent = words;
  }

  function letIn(request) {
    const ours = new URL(request.url, location.href).origin === location.origin;
    if (ours && token) request.headers.Authorization ??= `Bearer ${token}`;
    return request;
  }

  async function load() {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const answer = await fetch("/api/v1/openapi.json", { headers, cache: "no-store" }).catch(() => null);
    const content = await answer?.json().catch(() => null);
    if (answer?.ok && content) return show(content);
    door.hidden = false;
    field.focus();
    const asked = answer?.status === 401 && !token;
    return asked ? say("") : say(content?.error ?? "the server cannot be reached");
  }

  function show(description) {
    door.hidden = true;
    say("");
    SwaggerUIBundle({
      spec: description,
      domNode: document.getElementById("description"),
      deepLinking: true,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      displayOperationId: true,
      validatorUrl: null, // nothing is asked of others
      requestInterceptor: letIn,
      showMutatedRequest: false, // the command for curl, without the token
    });
  }

  door.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = field.value.trim();
    if (!TOKEN.test(given)) return say("that is no token: it holds printable ASCII alone");
    keep(given);
    return load();
  });

  load();
})();
