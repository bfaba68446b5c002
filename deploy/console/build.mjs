// Builds the page into dist/. With --check nothing is written: exit code 1 when dist/ is not what the sources make.
import { build } from "esbuild";
import { mkdtempSync, readFileSync, readdirSync, mkdirSync, rmSync, copyFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { tmpdir } from "node:os";
import { join, dirname } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const check = process.argv.includes("--check");
const dist = join(here, "dist");
const out = check ? mkdtempSync(join(tmpdir(), "edgeseg-console-")) : dist;
const maxGzipBytes = 150_000;

if (!check) rmSync(dist, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
    absWorkingDir: here,
    entryPoints: { console: "src/main.ts" },
    outdir: out,
    bundle: true,
    format: "esm",
    target: ["chrome109", "firefox115", "safari16.4"],
    minify: true,
    legalComments: "none",
    logLevel: "warning",
});
await build({
    absWorkingDir: here,
    entryPoints: { console: "src/style.css" },
    outdir: out,
    bundle: true,
    minify: true,
    logLevel: "warning",
});
for (const file of ["index.html", "icon.svg", "settings.json"]) copyFileSync(join(here, "src", file), join(out, file));
copyFileSync(join(here, "NOTICE.txt"), join(out, "NOTICE.txt"));

let total = 0;
for (const file of readdirSync(out).sort()) {
    const bytes = readFileSync(join(out, file));
    const gzip = gzipSync(bytes, { level: 9 }).length;
    total += gzip;
    console.log(`${file.padEnd(12)} ${String(bytes.length).padStart(8)} bytes  ${String(gzip).padStart(7)} gzip`);
}
console.log(`total gzip ${total} of at most ${maxGzipBytes}`);
let failed = total > maxGzipBytes;

if (check) {
    const list = (folder) => readdirSync(folder).sort();
    const [made, kept] = [list(out), list(dist)];
    const differing = [...new Set([...made, ...kept])].filter(
        (f) => !made.includes(f) || !kept.includes(f) || !readFileSync(join(out, f)).equals(readFileSync(join(dist, f))),
    );
    if (differing.length > 0) {
        console.error(`dist does not match the sources: ${differing.join(", ")}; run "npm run build" in deploy/console and commit dist`);
        failed = true;
    }
    rmSync(out, { recursive: true });
}
process.exit(failed ? 1 : 0);
