import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awsSignature } from './aws-signature.ts';

const scope = { accessKeyId: 'AKIDEXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', region: 'us-east-1', service: 'service', now: Date.UTC(2015, 7, 30, 12, 36, 0) };
const signatureOf = (method: string, path: string): string => awsSignature({ method, host: 'example.amazonaws.com', path, body: '' }, scope)['authorization']?.split('Signature=')[1] ?? '';

test('signatures of AWS’s own test suite (get-vanilla, get-vanilla-query-order-key-case, post-vanilla)', () => {
  assert.equal(signatureOf('GET', '/'), '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31');
  assert.equal(signatureOf('GET', '/?Param2=value2&Param1=value1'), 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500');
  assert.equal(signatureOf('POST', '/'), '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b');
});
