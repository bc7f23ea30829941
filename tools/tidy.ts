/**
 * npm run tidy: checks the structure of the sources (layers, cycles, dead files, sizes, names) and prints what breaks it.
 * Function length is checked by the linter (.oxlintrc.json). Exit status 1 when anything was found.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkAll } from './tidy/rules.ts';
import { readSourceFiles } from './tidy/source-file.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = readSourceFiles(root);
const violations = checkAll(files);
for (const { rule, path, message } of violations) console.error(`${path}: ${rule}: ${message}`);
console.log(`tidy: ${files.length} files read, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
