/** What keeps a provider from answering or changing something: its own trouble, or that of one zone. */
import { Failure } from '../base/errors.ts';

export type TroubleOf =
  /** It does not answer, or does not accept who we are: whatever else is asked of it now ends the same way. */
  | 'provider'
  /** It did answer, and other zones may fare better. */
  | 'zone';

export class ProviderFailure extends Failure {
  readonly of: TroubleOf;

  /** `temporary`: it cannot be used now (`dns-provider-unreachable`); else it refused. */
  constructor(of: TroubleOf, publicText: string, { temporary, code = temporary ? 'dns-provider-unreachable' : 'dns-provider-refused' }: { readonly temporary: boolean; readonly code?: string }) {
    super(code, publicText, { temporary });
    this.of = of;
  }
}
