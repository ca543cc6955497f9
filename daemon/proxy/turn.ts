/**
 * Group commit: what came in during one turn of the event loop is recorded with one write, and only
 * then goes on to the other sides, all of it in the same turn.
 *
 * What always holds: no member's bytes go on before its frames have been handed to the spool; members
 * keep the order in which they joined; past LIMITS.turnBytes it commits at once instead of holding
 * more in memory. Why: the system call costs more than what it writes, and large writes cost the
 * kernel a half to a third of small ones for each byte (docs/benchmarks.md).
 */
import { LIMITS } from "../../record/limits.ts";
import type { FrameToWrite } from "../spool/writer.ts";

/** An exchange with frames to record and bytes that wait for it. */
export interface TurnMember {
  /** Hands over the frames that are not recorded yet. */
  collect(into: FrameToWrite[]): void;
  /** They are recorded: passes on what they stand for. */
  release(): void;
  /** An error that nobody expected came out of `release`: it must end this member alone. */
  fault(error: Error): void;
}

export class Turn {
  private readonly record: (frames: readonly FrameToWrite[]) => void;
  private readonly passed: (bytes: number) => void;
  private members: TurnMember[] = [];
  private bytes = 0;
  private scheduled = false;

  /** `passed` is told how many bytes of bodies have been recorded and gone on. */
  constructor(
    record: (frames: readonly FrameToWrite[]) => void,
    passed: (bytes: number) => void = () => {},
  ) {
    this.record = record;
    this.passed = passed;
  }

  /** The member is served by the end of this turn. Once a turn for each is enough. */
  join(member: TurnMember): void {
    this.members.push(member);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(commitAtLast, this);
  }

  /** So many bytes more are held for the members that have joined. */
  grown(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes >= LIMITS.turnBytes) this.commit();
  }

  commit(): void {
    const { members, bytes } = this;
    if (members.length === 0) return;
    this.members = [];
    this.bytes = 0;
    const frames: FrameToWrite[] = [];
    for (const member of members) member.collect(frames);
    if (frames.length > 0) this.record(frames);
    for (const member of members) {
      try {
        member.release();
      } catch (error) {
        member.fault(error as Error);
      }
    }
    this.passed(bytes);
  }

  /** Called by the immediate that `join` asked for. */
  atLast(): void {
    this.scheduled = false;
    this.commit();
  }
}

function commitAtLast(turn: Turn): void {
  turn.atLast();
}
