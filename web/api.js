// The server's routes. What goes wrong is an ApiError, or a GoneError where no answer came.
import { parse, stringify } from "./exact_json.js";

export class GoneError extends Error {}

export class ApiError extends Error {
  constructor(status, error, retry_after) {
    super(error.message || `The server answered with status ${status}.`);
    this.status = status;
    this.param = error.param || null;
    this.nearest = Array.isArray(error.nearest) ? error.nearest : [];
    this.retry_after = retry_after; // seconds; of a full queue
  }
}

let ask_token = async () => false;

// `asker` is called where the server wants its token; it resolves to true once one was taken.
export function on_unauthorised(asker) {
  ask_token = asker;
}

async function answer_of(method, path, body) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.body = stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  try {
    const response = await fetch(path, options);
    return { response, text: await response.text() };
  } catch {
    throw new GoneError("The server does not answer.");
  }
}

function error_of(response, text) {
  let error = {};
  try {
    error = parse(text).error || {};
  } catch {
    // A proxy's page of its own, say: the status has to do.
  }
  return new ApiError(response.status, error, Number(response.headers.get("Retry-After")) || 0);
}

async function call(method, path, body) {
  for (;;) {
    const { response, text } = await answer_of(method, path, body);
    if (response.status === 401 && (await ask_token())) continue;
    if ([502, 503, 504].includes(response.status) && !text.startsWith("{")) {
      throw new GoneError("The server behind the proxy does not answer.");
    }
    if (!response.ok) throw error_of(response, text);
    return text ? parse(text) : null;
  }
}

const job_path = (id) => `/api/jobs/${encodeURIComponent(id)}`;

export const models = () => call("GET", "/api/models");
export const status = () => call("GET", "/api/status");
export const draw = (request) => call("POST", "/api/jobs", request);
export const job = (id) => call("GET", job_path(id));
export const remove = (id) => call("DELETE", job_path(id));

export function jobs(limit, before) {
  return call("GET", `/api/jobs?limit=${limit}${before ? `&before=${encodeURIComponent(before)}` : ""}`);
}

// null: taken; else why not.
export async function log_in(token) {
  const { response, text } = await answer_of("POST", "/login", { token });
  return response.ok ? null : error_of(response, text).message;
}

export async function log_out() {
  await answer_of("POST", "/logout", {});
}

export function read_data_url(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
