/** The whole command line: every command on one program. */
import type { Command } from 'commander';
import { addCompareCommand, type CompareEngine } from './compare/command.ts';
import { addDangerCommand } from './danger/command.ts';
import { addListCommand, type ListEngine } from './list/command.ts';
import { addProfileCommand, type ProfileEngine } from './profile/command.ts';
import { addCouplingCommand, type CouplingEngine } from './saved/coupling.ts';
import { addEvalCommand, type EvalEngine } from './saved/eval.ts';
import { createProgram, type Host } from './shared/commandShell.ts';
import { teach } from './shared/help.ts';
import { addStudyCommand, type StudyEngine } from './study/command.ts';
import { addTrainCommand, type TrainEngine } from './train/command.ts';
import { addVerifyCommand, type VerifyEngine } from './verify/command.ts';

/** All that the commands call. */
export type Engine = CompareEngine &
  CouplingEngine &
  EvalEngine &
  ListEngine &
  ProfileEngine &
  StudyEngine &
  TrainEngine &
  VerifyEngine;

/** @param load gives the engine when a command needs it, so that help and usage errors come at once */
export function buildProgram(host: Host, version: string, load: () => Promise<Engine>): Command {
  const program = createProgram(host, version)
    .description(
      'Train small policies with GRPO, measure gradient coupling, and test what removes it, with controls. Results are bitwise identical in every supported runtime.',
    )
    .addHelpText(
      'after',
      teach({
        examples: ['unbraid compare --preset quick --out runs/quick', 'unbraid train --seed 1 --out runs/first'],
        next: 'unbraid train --help lists every config key with its default.',
      }),
    );
  addTrainCommand(program, host, load);
  addCompareCommand(program, host, load);
  addCouplingCommand(program, host, load);
  addDangerCommand(program, host, load);
  addEvalCommand(program, host, load);
  addVerifyCommand(program, host, load);
  addStudyCommand(program, host, load);
  addProfileCommand(program, host, load);
  addListCommand(program, host, load);
  return program;
}
