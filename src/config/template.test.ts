import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig } from './load.ts';
import { renderConfigReference } from './reference.ts';
import { renderConfigTemplate } from './template.ts';

const VALUES = { hostname: 'mail.example.org', 'data-dir': '/srv/mail', 'listen.smtp': ['0.0.0.0:25'], 'log.format': 'postfix' };

test('the commented template is a configuration with the given values', () => {
  const text = renderConfigTemplate(VALUES);
  const config = parseConfig(text, '/x.toml');
  assert.equal(config.dataDir, '/srv/mail');
  assert.equal(config.log.format, 'postfix');
  assert.equal(config.relay, undefined);
  assert.equal(config.warnings, undefined);
  assert.match(text, /^# max-message-size = "50MiB"$/m);
});

test('the defaults that it shows are those that hold', () => {
  const withDefaults = renderConfigTemplate(VALUES).replaceAll(/^# ([a-z-]+ = (?!…).*)$/gm, '$1');
  const plain = parseConfig(renderConfigTemplate(VALUES), '/x.toml');
  // In the optional tables, comments stand below a header that is a comment too.
  const uncommented = withDefaults.replaceAll(/^# \[.*\n(?:.+\n)*/gm, '');
  assert.deepEqual(parseConfig(uncommented, '/x.toml'), plain);
});

test('a name that is no setting is a bug of the caller', () => {
  assert.throws(() => renderConfigTemplate({ 'listen.smpt': [] }), /listen\.smpt/);
});

test('the reference has every setting with its default', () => {
  const text = renderConfigReference();
  assert.match(text, /\| `hostname` \| host name \| \*\*required\*\* \|/);
  assert.match(text, /\| `lifetime` \| duration \| `"5d"` \|/);
  assert.match(text, /## \[\[outbound\.ip\]\]/);
  assert.match(text, /\| `acme` .* not available in this version/);
});
