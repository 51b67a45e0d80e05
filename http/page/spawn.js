// The form that starts a new session.

import { ask, newKey } from "./api.js";
import { arrange, busy, button, el, isBusy, put, say, show } from "./dom.js";
import { closing, dialog } from "./dialog.js";
import { told } from "./notice.js";
import { store } from "./store.js";

/** Open the form; `project` is chosen beforehand, `spawned(session)` is called with what came of it. */
export function openSpawn(project, spawned) {
  let key = newKey();
  const projects = store.projects.map((one) => el("option", { value: one.id }, one.id));
  const fields = {
    project_id: el("select", { id: "spawn-project" }, ...projects),
    prompt: el("textarea", { id: "spawn-prompt", rows: "5" }),
    issue_id: el("input", { id: "spawn-issue", list: "spawn-issues", autocomplete: "off" }),
    branch: el("input", { id: "spawn-branch", autocomplete: "off", spellcheck: "false" }),
    role: el("input", { id: "spawn-role", autocomplete: "off" }),
  };
  if (project) fields.project_id.value = project;
  put(fields.issue_id, "aria-describedby", "spawn-issue-hint");
  const issues = el("datalist", { id: "spawn-issues" });
  const hint = el("p.hint", { id: "spawn-issue-hint" });
  const issue = el("div", {}, label("spawn-issue", "Issue"), fields.issue_id, issues, hint);
  const trouble = el("p.trouble", { role: "alert" });
  const go = button("Start", () => {}, { type: "submit", kind: "strong" });
  const form = el(
    "form",
    { onsubmit: (event) => submit(event) },
    el("div", {}, label("spawn-project", "Project"), fields.project_id),
    el("div", {}, label("spawn-prompt", "Prompt"), fields.prompt),
    issue,
    el(
      "div.pair",
      {},
      el("div", {}, label("spawn-branch", "Branch (optional)"), fields.branch),
      el("div", {}, label("spawn-role", "Role (optional)"), fields.role),
    ),
    trouble,
    el("div.buttons", {}, closing("Cancel", () => shown), go),
  );
  const shown = dialog("New session", [form]);
  fields.project_id.addEventListener("change", () => offer());
  form.addEventListener("input", () => (key = newKey()));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  });
  offer();
  (fields.project_id.options.length > 1 && !project ? fields.project_id : fields.prompt).focus();

  /** Offer the open issues of the project, where it has a tracker. */
  async function offer() {
    const wanted = fields.project_id.value;
    const tracked = Boolean(store.projects.find((one) => one.id === wanted)?.tracker);
    show(issue, tracked);
    fields.issue_id.value = "";
    arrange(issues, []);
    if (!tracked) return;
    say(hint, "Looking for its open issues…");
    try {
      const found = await ask("GET", `/projects/${encodeURIComponent(wanted)}/issues`);
      if (fields.project_id.value !== wanted) return;
      arrange(issues, found.map((one) => el("option", { value: one.id, label: `${one.id}: ${one.title}` })));
      say(hint, `${found.length} open; any other goes by its number or address.`);
    } catch (error) {
      say(hint, `No list of issues: ${error.message}`);
    }
  }

  async function submit(event) {
    event.preventDefault();
    if (isBusy(go)) return;
    const body = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value.trim()]));
    for (const name of Object.keys(body)) if (!body[name]) delete body[name];
    if (!body.prompt && !body.issue_id) return say(trouble, "Say what it is to do: a prompt, or an issue.");
    starting(true);
    try {
      const session = await ask("POST", "/sessions", { body, key });
      told(`${session.id} is working`);
      shown.close();
      spawned(session);
    } catch (error) {
      say(trouble, error.message);
      if (error.status) key = newKey();
    } finally {
      starting(false);
    }
    return undefined;
  }

  function starting(now) {
    busy(go, now);
    put(form, "aria-busy", now && "true");
    say(go, now ? "Starting…" : "Start");
    if (now) say(trouble, "");
  }
}

const label = (id, text) => el("label", { for: id }, text);
