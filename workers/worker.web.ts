import type { Endpoint } from 'comlink';
import { serve } from './serve.ts';

serve(globalThis as unknown as Endpoint);
