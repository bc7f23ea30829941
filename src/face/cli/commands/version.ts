/** `posthorn version` */
import { leaf, type Registry } from '../command.ts';

export function add(registry: Registry): void {
  const { out, ports } = registry.session;
  leaf(registry, registry.program, 'version', 'print the version', '', async ({ json }) => {
    if (json) out.json({ version: ports.version, node: process.version });
    else out.line(`posthorn ${ports.version} (Node ${process.version})`);
  });
}
