/** `posthorn metrics`: for a monitoring system, in Prometheus' text format. */
import type { MetricsAnswer } from '../../../manage/metrics/metrics.ts';
import { withCommonOptions, type Registry } from '../command.ts';
import type { CommonOptions } from '../session.ts';

export function add({ program, session, finish }: Registry): void {
  const command = withCommonOptions(program.command('metrics').description('counts and gauges in Prometheus\' text format'));
  command.action(async () => {
    const options = command.opts<CommonOptions>();
    const { families, text } = await session.call<MetricsAnswer>(options, 'metrics.read', {});
    if (options.json) session.out.json({ families });
    else session.out.raw(text);
    finish(0);
  });
}
