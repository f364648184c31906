import type { CustomVectorEnvironment } from 'unbraid/env';
import type { Drawing } from './drawing.ts';

export function drawnEnvironment(drawing: Drawing): CustomVectorEnvironment;
export function serve(make: () => CustomVectorEnvironment): Promise<void>;
