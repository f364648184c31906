/** `unbraid bridge check`: tests a bridge program. */
import type { Command } from 'commander';
import { nearestName } from '../../check/nearestName.ts';
import { isBuiltIn } from '../../env/names.ts';
import { integerFrom, usageError } from '../shared/arguments.ts';
import { typedProgram } from '../shared/bridges.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { alignedRows, helpSections } from '../shared/help.ts';
import { count } from '../shared/print.ts';
import type { BridgeReport, CheckOptions } from './checkBridge.ts';
import { checkNames } from './findings.ts';

export interface BridgeEngine {
  readonly checkBridge: (name: string, options: CheckOptions) => Promise<BridgeReport>;
}

/** Width of a line of the table in characters. */
const lineWidth = 120;

function ms(time: number | null): string {
  return time === null ? '-' : `${time < 10 ? time.toFixed(2) : Math.round(time)} ms`;
}

function reportText({ findings, hello, measured }: BridgeReport): string {
  const widths = [7, Math.max(...checkNames.map((name) => name.length))];
  const rows = findings.map(({ check, result, detail }) => [result, check, detail.replace(/\s+/g, ' ')]);
  const lines = [alignedRows(rows, widths, lineWidth)];
  if (hello !== null && measured.steps > 0) {
    const vector = hello.form === 'vector';
    const length = `${count(measured.observationTokens)} ${vector ? 'numbers' : 'tokens'}`;
    const ofActions = vector ? '' : ` of up to ${count(measured.actionTokens)} tokens`;
    lines.push(
      `start ${ms(measured.startMs)}, step ${ms(measured.stepMs)} alone, ${ms(measured.joinedStepMs)} in stepMany`,
      `longest observation ${length}, most actions ${count(measured.actions)}${ofActions}`,
    );
  }
  return lines.join('\n');
}

interface BridgeCommandOptions {
  readonly seed: number;
  readonly episodes: number;
}

async function bridgeAction(
  shell: CommandShell,
  load: () => Promise<BridgeEngine>,
  action: string,
  name: string,
  { seed, episodes }: BridgeCommandOptions,
): Promise<void> {
  if (action !== 'check') {
    const advice = nearestName(action, ['check']) === null ? '' : '; did you mean check?';
    throw usageError(`bridge: the action must be check, got "${action}"${advice}`);
  }
  const env = typedProgram(name);
  if (isBuiltIn(env)) throw usageError(`bridge: ${env} is part of this process, got no program to check`);
  const { checkBridge } = await load();
  const report = await shell.progress(env, (show) => {
    const onProgress: CheckOptions['onProgress'] = (done, total, detail) =>
      show({ phase: 'check', done, total, envSteps: 0, success: null, ...(detail !== undefined && { detail }) });
    return checkBridge(env, { seed, episodes, signal: shell.signal, onProgress });
  });
  const failed = report.findings.filter(({ result }) => result === 'failed');
  const ok = failed.length === 0;
  const { findings, hello, measured } = report;
  shell.finish({ command: 'bridge', env, ok, checks: findings, hello, measured }, reportText(report));
  if (ok) return;
  if (hello === null) throw new Error(`bridge: ${env} does not start: ${failed[0].detail}`);
  const names = failed.map(({ check }) => check).join(', ');
  throw new Error(`bridge: ${env} fails: ${names}; docs/bridge.md has the rules`);
}

export function addBridgeCommand(program: Command, host: Host, load: () => Promise<BridgeEngine>): void {
  const command = program
    .command('bridge')
    .summary('check an environment in another program')
    .description(
      'Start the program of an environment, play the same episodes alone, among others, in another process and in another order, and compare every step.',
    )
    .argument('<action>', 'check')
    .argument('<env>', 'name of an environment (unbraid list envs), or a command with its arguments in quotes')
    .option('--seed <n>', 'first seed that is played on each split', integerFrom(0, 2 ** 52), 1)
    .option('--episodes <n>', 'episodes on each split', integerFrom(1, 1000), 2)
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid bridge check gym:CartPole-v1',
          'unbraid bridge check "python3 my_bridge.py" --episodes 5',
          'unbraid bridge check exec:./my_bridge --json',
        ],
        details:
          'If a package is missing, the line "start" names the command that installs it. The exit code is 1 if a check fails. A warning, such as seeds that all play one episode, is no failure.',
        next: 'docs/bridge.md describes the protocol, docs/environments.md the names.',
      }),
    );
  run(host, command, (shell, action: string, name: string, options: BridgeCommandOptions) =>
    bridgeAction(shell, load, action, name, options),
  );
}
