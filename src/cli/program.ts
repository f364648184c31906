/** The command line: one commander program with all commands. */
import type { Command } from 'commander';
import { nearestName } from '../check/nearestName.ts';
import { addBridgeCommand, type BridgeEngine } from './bridge/command.ts';
import { addCompareCommand, type CompareEngine } from './compare/command.ts';
import { addCompletionCommand } from './completion/command.ts';
import { addDangerCommand } from './danger/command.ts';
import { addGatewayCommand } from './gateway/command.ts';
import { addListCommand, type ListEngine } from './list/command.ts';
import { addProfileCommand, type ProfileEngine } from './profile/command.ts';
import { addRandomCommand, type RandomEngine } from './random/command.ts';
import { addCouplingCommand, type CouplingEngine } from './saved/coupling.ts';
import { addEvalCommand, type EvalEngine } from './saved/eval.ts';
import { usageError } from './shared/arguments.ts';
import { createProgram, type Host } from './shared/commandShell.ts';
import { helpSections } from './shared/help.ts';
import { addStudyCommand, type StudyEngine } from './study/command.ts';
import { addSweepCommand, type SweepEngine } from './sweep/command.ts';
import { addTrainCommand, type TrainEngine } from './train/command.ts';
import { addVerifyCommand, type VerifyEngine } from './verify/command.ts';
import { addWorkerCommand } from './worker/command.ts';

/** The functions that the commands call. */
export type Engine = BridgeEngine &
  CompareEngine &
  CouplingEngine &
  EvalEngine &
  ListEngine &
  ProfileEngine &
  RandomEngine &
  StudyEngine &
  SweepEngine &
  TrainEngine &
  VerifyEngine;

/**
 * Adds `unbraid help [command]`. For an unknown command, commander's own shows the help of the program and no message.
 */
function addHelpCommand(program: Command): void {
  program.helpCommand(false);
  program
    .command('help')
    .description('show the help of a command')
    .argument('[command]', 'name of the command')
    .action((name: string | undefined) => {
      if (name === undefined) return program.outputHelp();
      const command = program.commands.find((each) => each.name() === name);
      if (command !== undefined) return command.outputHelp();
      const nearest = nearestName(
        name,
        program.commands.map((each) => each.name()),
      );
      throw usageError(
        `unknown command '${name}'; ${nearest === null ? 'unbraid help lists them' : `did you mean ${nearest}?`}`,
      );
    });
}

/** @param load loads the engine; called when a command needs it, so that help and usage errors do not wait for it */
export function buildProgram(host: Host, version: string, load: () => Promise<Engine>): Command {
  const program = createProgram(host, version)
    .description(
      'Train small policies with GRPO, measure gradient coupling, and test what removes it, with controls. Results are bitwise identical in every supported runtime.',
    )
    .addHelpText(
      'after',
      helpSections({
        examples: ['unbraid compare --preset quick --out runs/quick', 'unbraid train --seed 1 --out runs/first'],
        next: 'unbraid train --help lists every config key with its default, and unbraid worker --help describes runs on several machines.',
      }),
    );
  addTrainCommand(program, host, load);
  addCompareCommand(program, host, load);
  addCouplingCommand(program, host, load);
  addDangerCommand(program, host, load);
  addEvalCommand(program, host, load);
  addRandomCommand(program, host, load);
  addVerifyCommand(program, host, load);
  addStudyCommand(program, host, load);
  addSweepCommand(program, host, load);
  addWorkerCommand(program, host, load);
  addGatewayCommand(program, host, load);
  addProfileCommand(program, host, load);
  addBridgeCommand(program, host, load);
  addListCommand(program, host, load);
  addCompletionCommand(program, host, load);
  addHelpCommand(program);
  return program;
}
