"""A run over a table, from the first look to the last file: bind, look up, ask what is missing, write.

The order saves money: what is wrong with input, output, state or price is said before the first call, and the
first call is made alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..diagnostics import did_you_mean
from ..embed.compiling import callable_functions
from ..embed.prices import Prices
from ..embed.runtime import AsyncRuntime
from .engines import FAILED, OK, Refused
from .estimate import estimated
from .feed import Binder, given_for
from .hiring import engine_for
from .journal import JournalError
from .meter import Meter
from .money import check_prices, reserve_for
from .options import MapOptions
from .output import Join, Parts, layout_for, write_errors, write_files
from .plan import Plan, make_plan
from .report import MapReport, Reason
from .session import Hooks, Session
from .setting import Setting
from .state import STDIN, State
from .stopping import Stops
from .tables import Format, Table, find_table, format_of, keep_input
from .watched import Watched


async def run_map(
    runtime: AsyncRuntime,
    function: str,
    options: MapOptions,
    hooks: Hooks,
    environ: Mapping[str, str] | None = None,
    setting: Setting | None = None,
) -> MapReport:
    """Raises `Refused` before anything is asked. `setting` is of what the runtime was made, for other engines than
    the one of this process."""
    program = runtime.program
    if program.callee(function) is None:
        hint = did_you_mean(function, callable_functions(program))
        raise Refused(f"there is no function `{function}`" + (f"; {hint}" if hint else ""))
    try:
        prices = Prices.of(program.interface, environ)
        if options.max_cost is not None:
            check_prices(program, function, prices)
    except ValueError as failure:
        raise Refused(str(failure)) from None
    format_ = _output_format(options)
    options.check_state()
    with State(options.state_folder, fresh=options.fresh) as state, _unwritable(options.state_folder):
        return await _Run(runtime, function, options, hooks, prices, state, format_, setting).execute()


@contextmanager
def _unwritable(folder: Path) -> Iterator[None]:
    """What a full disk does to the journal before or after rows are asked; meanwhile its writer waits."""
    try:
        yield
    except JournalError as failure:
        raise Refused(f"{folder}: {failure}") from None


def _output_format(options: MapOptions) -> Format:
    if options.is_pipe or options.is_folder:
        return "jsonl"
    return format_of(options.output, None, "--output")


class _Run:
    """One run on one state."""

    def __init__(
        self,
        runtime: AsyncRuntime,
        function: str,
        options: MapOptions,
        hooks: Hooks,
        prices: Prices,
        state: State,
        format_: Format,
        setting: Setting | None,
    ) -> None:
        self._setting = setting
        self._runtime = runtime
        self._function = function
        self._options = options
        self._hooks = hooks
        self._prices = prices
        self._state = state
        fingerprint = runtime.program.fingerprint(function)
        state.check_origin(options.invented)
        state.check_fingerprint(fingerprint)
        self._table = _table(options, state, hooks)
        options.check_places(self._table.paths)
        columns = self._table.columns()
        given = given_for(runtime, function, columns, options.bind, options.constants)
        self._binder = Binder(runtime, function, fingerprint, given, textual=self._table.is_textual)
        interface = runtime.program.interface
        self._layout = layout_for(
            format_,
            interface.functions[function].result,
            interface.schemas,
            columns,
            keep=options.keep,
            flat=options.flat,
            id_column=options.id_column,
            keep_failed=options.keep_failed,
            rows=(record.values for record in self._table.records()),
        )
        files = [{"name": str(path.resolve()), "bytes": path.stat().st_size} for path in self._table.paths]
        state.write_manifest({"function": function, "fingerprint": fingerprint, "input": files})
        self._began = asyncio.get_running_loop().time()

    async def execute(self) -> MapReport:
        options, journal = self._options, self._state.journal
        watched = Watched(self._table.paths)  # before they are read
        plan = make_plan(self._table, self._binder, journal, options)
        meter = Meter(len(plan.numbers), plan.known, plan.unknown, self._began, options.rpm)
        join = Join(
            self._table, plan.numbers, plan.ids, journal, plan.problems, self._layout, options.export, watched
        )
        parts = Parts(Path(options.output), options.part_rows, len(plan.ids)) if options.is_folder else None
        if parts is not None and not (options.dry_run or (options.estimate and not options.yes)):
            parts.begin()
        if options.export and meter.to_ask:
            self._export(join, parts)
            return self._report("exported", "", meter, plan)
        if options.dry_run:
            self._hooks.say(_counted(plan))
            return self._report("looked", "", meter, plan)
        if options.estimate:
            rows = plan.rows_to_ask(self._table, self._binder)
            estimate = await estimated(self._runtime, self._function, self._prices, rows, journal.median_answer())
            self._hooks.say("\n".join((_counted(plan), *estimate.lines(options))))
            if not options.yes:
                return self._report("looked", "", meter, plan)
        first = next(plan.rows_to_ask(self._table, self._binder), None) if meter.to_ask else None
        reserve = await reserve_for(self._runtime, self._function, self._prices, first)
        has_answers = OK in plan.statuses
        stops = Stops(options, journal.spent(), len(plan.problems), reserve, has_answers=has_answers)
        session = Session(self._options, self._hooks, self._binder, plan, meter, stops, join, parts)
        if meter.to_ask:
            # Not before: a cluster is joined here, which a run that asks nobody would leave as it is.
            await session.ask_all(
                engine_for(self._runtime, self._setting, self._function, options, self._prices, journal)
            )
        if stops.reason is None:
            session.write_rest()
        if stops.reason is None:
            try:
                self._write(join, parts)
            except OSError as failure:
                # Every answer is stored: the same command writes them where there is room.
                stops.stop("output", str(failure))
        return self._report(stops.reason or "done", stops.message, meter, plan, stops.over)

    def _export(self, join: Join, parts: Parts | None) -> None:
        """What there is now, of parts the whole ones."""
        if parts is not None:
            parts.write_ended(join, lambda id_: True)
        else:
            self._write(join, None)

    def _write(self, join: Join, parts: Parts | None) -> None:
        if parts is not None:
            parts.write_ended(join, lambda id_: True)
            parts.finish(join, self._options.errors_path)
        elif self._options.is_pipe:
            write_errors(join, self._options.errors_path)
        else:
            write_files(join, Path(self._options.output), self._options.errors_path)

    def _report(self, reason: Reason, message: str, meter: Meter, plan: Plan, over: float = 0.0) -> MapReport:
        return MapReport(
            reason=reason,
            message=message,
            rows=meter.rows,
            ok=plan.count(OK),
            failed=plan.count(FAILED) + len(plan.problems),
            known=meter.known,
            called=meter.called,
            paid_twice=min(self._state.journal.lost_at_most(), meter.rows),
            input_tokens=meter.input_tokens,
            output_tokens=meter.output_tokens,
            cost=meter.cost,
            over=over if self._options.max_cost is not None else 0.0,
            seconds=asyncio.get_running_loop().time() - self._began,
        )


def _counted(plan: Plan) -> str:
    counts = f"{plan.duplicates:,} duplicates, {plan.known:,} known, {plan.unknown:,} to ask"
    return f"{len(plan.numbers):,} rows: {counts}"


def _table(options: MapOptions, state: State, hooks: Hooks) -> Table:
    if options.input != "-":
        return find_table(options.input, options.format)
    copy, format_ = state.folder / STDIN, format_of("-", options.format or "jsonl", "--input")
    return Table.of((copy,), format_) if hooks.stdin is None else keep_input(hooks.stdin, copy, format_)
