/** Where reports may go: the domain's own organisation, strangers who agreed, nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zoneDns } from '../../../test/harness/zone-dns.ts';
import { dmarcDestinations } from './dmarc-destinations.ts';
import { parseReportUri } from './report-uri.ts';
import { tlsDestinations } from './tls-destinations.ts';
