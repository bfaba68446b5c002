// The built page against its sources, and what a reader of them wants to be sure of. Needs Node and `npm ci`, no browser.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../deploy/console/", import.meta.url));
const read = (name) => readFileSync(join(folder, name), "utf8");
const sources = readdirSync(join(folder, "src"))
    .filter((f) => f.endsWith(".ts"))
    .map((f) => [f, read(`src/${f}`)]);

function run(...args) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        cwd: folder,
        encoding: "utf8",
    });
    return { status, said: stdout + stderr };
}

test("the built files are what their sources make, at most 150 kB gzip together", (t) => {
    const { status, said } = run("build.mjs", "--check");
    assert.equal(status, 0, said);
    t.diagnostic(said.trim().split("\n").at(-1));
});

test("the types hold", () => {
    const { status, said } = run("node_modules/typescript/bin/tsc", "--noEmit");
    assert.equal(status, 0, said);
});

test("nothing is made into HTML, script or style from text", () => {
    const html = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|setHTML/;
    const code = /\beval\b|new Function|cssText/;
    for (const [name, text] of sources) for (const ways of [html, code]) assert.doesNotMatch(text, ways, name);
});

test("nothing is kept beyond the page", () => {
    const ways = /localStorage|sessionStorage|indexedDB|document\.cookie|caches\b|serviceWorker|history\.|location\.(href|hash|search) *=/;
    // device and camera in view, so that a link opens the same view
    const address = 'window.history.replaceState(null, "", place.hash)';
    for (const [name, text] of sources) assert.doesNotMatch(text.replace(address, ""), ways, name);
});

test("the page states its policy itself, for web servers that state none", () => {
    const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(read("dist/index.html"))[1];
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self' ws: wss:;/);
    assert.doesNotMatch(policy, /unsafe|\*|http:|https:/);
    assert.doesNotMatch(read("dist/index.html"), /<script(?![^>]* src=)|<style|\son[a-z]+=|\sstyle=/);
});

test("the lock file names packages and hashes, and no place to fetch them from", () => {
    const lock = read("package-lock.json");
    assert.doesNotMatch(lock, /"resolved"|https?:\/\/registry/);
    for (const [name, p] of Object.entries(JSON.parse(lock).packages)) if (name !== "") assert.match(p.integrity ?? "", /^sha512-/, name);
});
