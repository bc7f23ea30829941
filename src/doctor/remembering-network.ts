/** Five hundred domains on one mail server ask about it five hundred times; it is asked once in an examination. */
import type { DoctorNetwork } from '../contract/doctor-network.ts';
import type { HttpsAnswer } from '../contract/https-fetch.ts';

export function rememberingNetwork(network: DoctorNetwork): DoctorNetwork {
  const { mailPort, policyPort, safeBrowsingKey, outside, simulated = false } = network;
  const pages = new Map<string, Promise<HttpsAnswer>>();
  const ask = remembering(network.askServer as (question: object) => Promise<unknown>);
  return {
    mailPort,
    policyPort,
    simulated,
    safeBrowsingKey,
    outside: outside && remembering(outside),
    ...(network.linkFetch ? { linkFetch: network.linkFetch } : {}),
    probe: remembering(network.probe),
    askServer: ask as DoctorNetwork['askServer'],
    fetch: (request) => {
      // Who may give up alone asks alone.
      if (request.signal) return network.fetch(request);
      const key = JSON.stringify(request);
      const answer = pages.get(key) ?? network.fetch(request);
      pages.set(key, answer);
      return answer;
    },
  };
}

function remembering<Args extends readonly unknown[], Answer>(work: (...args: Args) => Promise<Answer>): (...args: Args) => Promise<Answer> {
  const answers = new Map<string, Promise<Answer>>();
  return (...args) => {
    const key = JSON.stringify(args);
    const answer = answers.get(key) ?? work(...args);
    answers.set(key, answer);
    return answer;
  };
}
