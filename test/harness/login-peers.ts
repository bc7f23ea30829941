/** Others who know passwords: OpenLDAP, PostgreSQL, MariaDB and Dovecot's auth service, as Debian has them, on loopback. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificate } from '../../src/net/self-signed.ts';
import { eventually } from './lab-process.ts';
import { freePort } from './serve-process.ts';

export interface Peer {
  stop(): Promise<void>;
}

const NOBODY = 65_534;

/** Why it cannot be run here; false when it can. */
export function missingPeer(file: string, what: string): string | false {
  if (!existsSync(file)) return `${what} is not installed`;
  return process.getuid?.() === 0 ? false : `${what} is started as another user by root`;
}

export const SLAPD = '/usr/sbin/slapd';
export const MARIADB = '/usr/sbin/mariadbd';

/** Folder of PostgreSQL's programs, whichever version; undefined when there is none. */
export function postgresFolder(): string | undefined {
  const root = '/usr/lib/postgresql';
  const version = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  return version === undefined ? undefined : join(root, version, 'bin');
}

function folder(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `posthorn-${name}-`));
  chmodSync(path, 0o755);
  return path;
}

/** On a port of 127.0.0.1, or at the path of a Unix socket. */
function listens(where: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(typeof where === 'number' ? { port: where, host: '127.0.0.1' } : { path: where }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function ending(child: ChildProcess, path: string, signal: NodeJS.Signals = 'SIGTERM'): Peer {
  const gone = once(child, 'exit');
  return {
    stop: async () => {
      child.kill(signal);
      await gone;
      rmSync(path, { recursive: true, force: true });
    },
  };
}

export interface LdapPeer extends Peer {
  readonly port: number;
  readonly tlsPort: number;
  readonly caFile: string;
}

/** Users of `ou=people,dc=example,dc=org` by uid, with mail and password; the manager is cn=manager with `manager`. */
export async function startSlapd(users: Readonly<Record<string, { readonly mail: string; readonly password: string }>>): Promise<LdapPeer> {
  const path = folder('slapd');
  const [port, tlsPort] = [await freePort(), await freePort()];
  mkdirSync(join(path, 'db'));
  const { certificatePem, keyPem } = createCertificate({ subject: 'localhost', altNames: ['localhost'] });
  writeFileSync(join(path, 'cert.pem'), certificatePem);
  writeFileSync(join(path, 'key.pem'), keyPem);
  const schemas = ['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`).join('\n');
  writeFileSync(
    join(path, 'slapd.conf'),
    `${schemas}\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile ${path}/pid\nTLSCertificateFile ${path}/cert.pem\nTLSCertificateKeyFile ${path}/key.pem\n` +
      `database mdb\nsuffix "dc=example,dc=org"\nrootdn "cn=manager,dc=example,dc=org"\nrootpw manager\ndirectory ${path}/db\n` +
      `access to attrs=userPassword by anonymous auth by * none\naccess to * by anonymous none by * read\n`,
  );
  const entries = [
    'dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n',
    'dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n',
    ...Object.entries(users).map(([uid, { mail, password }]) => `dn: uid=${uid},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\nmail: ${mail}\nuserPassword: ${password}\n`),
  ];
  execFileSync('/usr/sbin/slapadd', ['-f', join(path, 'slapd.conf')], { input: entries.join('\n'), stdio: ['pipe', 'ignore', 'pipe'] });
  const child = spawn(SLAPD, ['-d', '0', '-f', join(path, 'slapd.conf'), '-h', `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`], { stdio: 'ignore' });
  await eventually('slapd answers', () => listens(tlsPort));
  return { port, tlsPort, caFile: join(path, 'cert.pem'), ...ending(child, path) };
}

/** A database `mail` with what `sql` makes; its user is `mail` with the password `secret`. */
export async function startPostgres(programs: string, sql: string): Promise<Peer & { readonly port: number }> {
  const path = folder('postgres');
  chownSync(path, NOBODY, NOBODY);
  const asNobody = { uid: NOBODY, gid: NOBODY, cwd: path, env: { ...process.env, HOME: path, LC_ALL: 'C' } };
  const passwordFile = join(path, 'password');
  writeFileSync(passwordFile, 'secret\n');
  chownSync(passwordFile, NOBODY, NOBODY);
  execFileSync(join(programs, 'initdb'), ['-D', join(path, 'data'), '-U', 'mail', '-A', 'scram-sha-256', '--pwfile', passwordFile, '--no-sync'], { ...asNobody, stdio: 'ignore' });
  const port = await freePort();
  const child = spawn(join(programs, 'postgres'), ['-D', join(path, 'data'), '-p', String(port), '-h', '127.0.0.1', '-k', path, '-F'], { ...asNobody, stdio: 'ignore' });
  const psql = (database: string, text: string): void => {
    execFileSync(join(programs, 'psql'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'mail', '-d', database, '-q'], { input: text, env: { ...asNobody.env, PGPASSWORD: 'secret' }, stdio: ['pipe', 'ignore', 'ignore'] });
  };
  await eventually('PostgreSQL answers', async () => {
    try {
      psql('postgres', 'SELECT 1;');
      return true;
    } catch {
      return false;
    }
  });
  psql('postgres', 'CREATE DATABASE mail;');
  psql('mail', sql);
  // It waits for its clients after SIGTERM.
  return { port, ...ending(child, path, 'SIGINT') };
}

/** A database `mail` with what `sql` makes; its user is `mail` with the password `secret`. */
export async function startMariadb(sql: string): Promise<Peer & { readonly port: number }> {
  const path = folder('mariadb');
  execFileSync('mariadb-install-db', ['--no-defaults', `--datadir=${path}/data`, '--user=root', '--skip-test-db', '--auth-root-authentication-method=normal'], { stdio: 'ignore' });
  const port = await freePort();
  const socket = join(path, 'socket');
  const child = spawn(MARIADB, ['--no-defaults', `--datadir=${path}/data`, '--user=root', `--port=${port}`, '--bind-address=127.0.0.1', `--socket=${socket}`, '--innodb-flush-log-at-trx-commit=0'], { stdio: 'ignore' });
  await eventually('MariaDB answers', async () => (await listens(port)) && listens(socket));
  execFileSync('mariadb', ['--no-defaults', `--socket=${socket}`, '-u', 'root'], { input: `CREATE DATABASE mail; CREATE USER mail@'127.0.0.1' IDENTIFIED BY 'secret'; GRANT SELECT ON mail.* TO mail@'127.0.0.1'; USE mail; ${sql}`, stdio: ['pipe', 'ignore', 'inherit'] });
  return { port, ...ending(child, path) };
}

export interface DovecotAuthPeer extends Peer {
  readonly clientSocket: string;
  readonly userdbSocket: string;
}

/** Users with plain passwords. */
export async function startDovecotAuth(users: Readonly<Record<string, string>>): Promise<DovecotAuthPeer> {
  const path = folder('dovecot-auth');
  writeFileSync(join(path, 'users'), Object.entries(users).map(([user, password]) => `${user}:{PLAIN}${password}:${NOBODY}:${NOBODY}::/nonexistent::\n`).join(''));
  chmodSync(join(path, 'users'), 0o644);
  writeFileSync(
    join(path, 'dovecot.conf'),
    `base_dir = ${path}/run\nstate_dir = ${path}/run\nlog_path = ${path}/log\nprotocols =\nssl = no\nauth_mechanisms = plain\nauth_failure_delay = 0 secs\n` +
      `passdb {\n  driver = passwd-file\n  args = ${path}/users\n}\nuserdb {\n  driver = passwd-file\n  args = ${path}/users\n}\n` +
      `service auth {\n  unix_listener auth-client {\n    mode = 0600\n  }\n  unix_listener auth-userdb {\n    mode = 0600\n  }\n}\n`,
  );
  const child = spawn('dovecot', ['-F', '-c', join(path, 'dovecot.conf')], { stdio: 'ignore' });
  const [clientSocket, userdbSocket] = [join(path, 'run', 'auth-client'), join(path, 'run', 'auth-userdb')];
  await eventually('Dovecot has its sockets', async () => (await listens(clientSocket)) && listens(userdbSocket));
  return { clientSocket, userdbSocket, ...ending(child, path) };
}
