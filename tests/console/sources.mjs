// Parts of the page without a browser: a source file of it, bundled, as a module of Node.
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./harness.mjs";

const folder = join(root, "deploy/console");
const { build } = createRequire(join(folder, "package.json"))("esbuild");

/** What `src/<name>.ts` exports. */
export async function source(name) {
    const {
        outputFiles: [file],
    } = await build({
        absWorkingDir: folder,
        entryPoints: [`src/${name}.ts`],
        bundle: true,
        write: false,
        format: "esm",
        target: "node18",
    });
    return import(`data:text/javascript;base64,${Buffer.from(file.contents).toString("base64")}`);
}
