// The program that serves, in a folder of its own, and Chromium beside it.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../..");

// playwright-core and axe-core, or nothing where they are not installed.
export function packages() {
  const require = createRequire(path.join(root, ".cache/page/package.json"));
  try {
    return {
      chromium: require("playwright-core").chromium,
      axe: readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"),
    };
  } catch {
    return null;
  }
}

export function chromium_path() {
  const places = [
    process.env.PIXNERD_CHROMIUM,
    ...(process.env.PATH || "").split(":").map((folder) => `${folder}/chromium`),
  ];
  return places.find((place) => place && existsSync(place)) || null;
}

// How much longer than usual everything may take, of programs that are built to be watched.
export const patience = Number(process.env.PIXNERD_PATIENCE) || 1;

export class Program {
  constructor(file, environment = {}, options = []) {
    this.file = file;
    this.options = options;
    this.environment = { ...process.env, ...environment };
    this.folder = mkdtempSync(path.join(tmpdir(), "pixnerd-page-"));
    this.port = 0;
    // However the test ends, neither the program nor its folder stays.
    process.on("exit", () => {
      this.process?.kill("SIGKILL");
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  // Resolves to its address once it answers.
  start() {
    const line = [
      "serve",
      "--checkpoint",
      "assets/emoji64.safetensors",
      "--port",
      String(this.port),
      "--folder",
      this.folder,
    ];
    this.process = spawn(this.file, [...line, ...this.options], {
      cwd: root,
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.said = "";
    return new Promise((resolve, reject) => {
      const listen = (chunk) => {
        this.said += chunk;
        const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(this.said);
        if (!found) return;
        this.port = Number(found[1]);
        this.url = found[0];
        resolve(this.url);
      };
      this.process.stdout.on("data", listen);
      this.process.stderr.on("data", (chunk) => (this.said += chunk));
      this.process.on("exit", (code) => reject(new Error(`the program ended with ${code}: ${this.said}`)));
    });
  }

  kill() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    return ended;
  }

  async stop() {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) await this.kill();
  }
}
