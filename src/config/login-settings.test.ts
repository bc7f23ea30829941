import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './load.ts';
import { ConfigError } from './problem.ts';

const BASE = 'hostname = "mail.example.org"\ndata-dir = "/tmp/x"\n';

function problems(text: string): string {
  try {
    parseConfig(BASE + text, '/etc/posthorn/posthorn.toml');
    return '';
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
}

test('without settings the store is asked, and everything has its default', () => {
  const { login } = parseConfig(BASE, '/etc/posthorn/posthorn.toml');
  assert.deepEqual(login?.backends, [{ kind: 'store', name: 'store' }]);
  assert.equal(login?.totpNeedsAppPasswords, true);
  assert.equal(login?.auditRetentionMs, 90 * 86_400_000);
});

test('back ends in order, files relative to the configuration', () => {
  const { login, listen } = parseConfig(
    `${BASE}[listen]\nauth = ["/run/posthorn/auth", "127.0.0.1:12345"]\n[login]\ndefault-domain = "Example.ORG"\n[login.oauth]\nintrospection-url = "https://id.example/introspect"\nclient-id = "x"\nclient-secret-file = "secret"\n` +
      '[[login.backend]]\nkind = "store"\n[[login.backend]]\nkind = "ldap"\nname = "people"\nurl = "ldaps://ldap.example"\nbase = "dc=x"\ndomains = ["Example.org"]\n',
    '/etc/posthorn/posthorn.toml',
  );
  assert.equal(login?.defaultDomain, 'example.org');
  assert.equal(login?.oauth?.clientSecretFile, '/etc/posthorn/secret');
  assert.deepEqual(login?.backends.map(({ kind, name, domains }) => [kind, name, domains]), [['store', 'store', []], ['ldap', 'people', ['example.org']]]);
  assert.deepEqual(listen.auth, ['/run/posthorn/auth', { address: '127.0.0.1', port: 12345 }]);
});

test('what is wrong together is refused with what is needed', () => {
  const backend = (rest: string): string => problems(`[[login.backend]]\n${rest}\n`);
  assert.match(backend('kind = "file"'), /needs file/);
  assert.match(backend('kind = "sql"\nurl = "postgres://h/d"'), /needs password-query/);
  assert.match(backend('kind = "sql"\nurl = "oracle://h/d"\npassword-query = "x"'), /must begin with postgres/);
  assert.match(backend('kind = "ldap"\nurl = "ldap://ldap.example"\nbase = "dc=x"'), /in the clear/);
  assert.match(backend('kind = "ldap"\nurl = "ldaps://ldap.example"\nstart-tls = true\nbase = "dc=x"'), /exclude each other/);
  assert.match(backend('kind = "ldap"\nurl = "ldaps://ldap.example"'), /needs base or bind-template/);
  assert.match(backend('kind = "store"\nfile = "x"'), /means nothing with kind = "store"/);
  assert.match(backend('kind = "file"\nfile = "x"\n[[login.backend]]\nkind = "file"\nfile = "y"'), /must differ/);
  assert.match(problems('[login.oauth]\nintrospection-url = "http://id.example/"\n'), /https:/);
  assert.match(problems('[listen]\nauth = ["0.0.0.0:12345"]\n'), /loopback/);
});
