/** `posthorn serve`: runs the server until SIGTERM. */
import { leaf, type Registry } from '../command.ts';

export function add(registry: Registry): void {
  const { session, program } = registry;
  leaf(registry, program, 'serve', 'run the server', '', async (options) =>
    session.ports.serve(session.config(options), { reload: () => session.config(options) }),
  );
}
