"""The interview: one page of questions at a time, and a rail that shows all pages."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from config.questions import Group
from tui.hanging import hang
from tui.keep import Keep
from tui.prober import Prober
from tui.screens.page import Page
from tui.session import Session
from tui.widgets.field import Field
from tui.widgets.pick_list import PickList
from tui.widgets.place import Place

RAIL = 21
"""Characters of a line of the rail."""

REVIEW = "review"
"""What the interview dismisses with when every page is passed or Review is asked for."""


class _Questions(VerticalScroll):
    """The page's questions. What stands below them, the reason why, takes from their room."""

    def on_resize(self) -> None:
        if isinstance(self.screen, InterviewScreen):
            self.screen.show_field_in_hand()


class InterviewScreen(Page[str]):
    """Dismisses with REVIEW, or None when the operator goes back before the first page."""

    HELP = """
Each page asks a few questions; the rail on the left shows all pages: `ok` is done, `>` is where
you are, `..` has not been seen, `!` must be mended. What the tool can look up is filled in.

Enter goes to the next question and, from the last one, to the next page. Space picks from a list.
Tab and the arrows move. Esc goes back a page and keeps every answer, right or wrong. In the rail,
Enter jumps to a page.

An answer is checked when it is given. An error must be mended before you go on; a warning need not.
"""

    BINDINGS = [
        Binding("enter", "next", "next"),
        Binding("f5", "check_again", "check again"),
        Binding("ctrl+s", "save", "save answers", priority=True),
        Binding("f2", "review", "review", priority=True),
        Binding("pagedown", "scroll(8)", "scroll the page", show=False),
        Binding("pageup", "scroll(-8)", "scroll the page up", show=False),
    ]

    DEFAULT_CSS = """
    InterviewScreen #columns { height: 1fr; }
    InterviewScreen #rail { width: 24; height: 1fr; max-height: 100%; }
    InterviewScreen #divider { width: 2; height: 1fr; border-left: solid ansi_default; }
    InterviewScreen #right { width: 1fr; height: 1fr; }
    InterviewScreen #page { height: 1fr; }
    InterviewScreen #intro { height: auto; margin-bottom: 1; }
    InterviewScreen #why { height: auto; max-height: 6; }
    """

    def __init__(
        self,
        place: Place,
        session: Session,
        prober: Prober,
        keep: Keep,
        *,
        mend: bool = False,
    ) -> None:
        super().__init__(place)
        self._session, self._prober, self.keep = session, prober, keep
        self._index = next(
            (i for i, group in enumerate(self._groups) if group.name == session.page), 0
        )
        self._mend = mend
        self._going_on = False
        self._in_view: Widget | None = None
        """What the operator had in sight when something came in from a look."""

    def body(self) -> Iterable[Widget]:
        yield Horizontal(
            PickList(id="rail"),
            Static(id="divider"),
            Vertical(
                _Questions(id="page", can_focus=False),
                Static(id="why", markup=False),
                id="right",
            ),
            id="columns",
        )

    async def on_mount(self) -> None:
        self._prober.changed = self._look_changed
        self.watch(self.query_one("#page"), "virtual_size", self._stay_in_view, init=False)
        self.set_interval(1, self._tick)
        await self._open_page(self._index)
        if self._mend:
            self._show_faults(self._fields)

    @property
    def _groups(self) -> tuple[Group, ...]:
        """The pages there are with the answers so far."""
        return self._session.procedure.interview.pages(self._session.given())

    @property
    def _group(self) -> Group:
        groups = self._groups
        return groups[min(self._index, len(groups) - 1)]

    @property
    def _fields(self) -> list[Field]:
        return [field for field in self.query(Field) if field.stands]

    async def _open_page(self, index: int) -> None:
        self._index, self._going_on, self._in_view = index, False, None
        self._session.seen.add(self._group.name)
        self._session.page = self._group.name
        self.set_what(self._session.what)
        self.set_place(self._group.title)
        asked = [group for group in self._groups if self._session.asked(group)]
        number = asked.index(self._group) + 1 if self._group in asked else index + 1
        self.set_status(f"{number} of {max(number, len(asked))}")
        await self._mount_fields()
        self._focus_first()
        self._look_at_everything()
        self._refresh_rail()

    async def _mount_fields(self) -> None:
        page = self.query_one("#page", VerticalScroll)
        await page.remove_children()
        intro = [Static(self._group.intro, id="intro", markup=False)] if self._group.intro else []
        asked = self._session.asked(self._group)
        await page.mount(*intro, *(Field(question, self._session) for question in asked))

    def _focus_first(self) -> None:
        fields = self._fields
        if fields:
            # A default that is about to be looked up needs nobody.
            asked = (field for field in fields if not field.question.suggest_probe)
            wanted = (field for field in asked if self._session.blocked(field.question))
            next(wanted, fields[0]).control.focus()

    def _look_at_everything(self, *, again: bool = False) -> None:
        for question in self._session.asked(self._group):
            self._prober.list_choices(question, again=again)
            self._prober.check(question, again=again)

    def _refresh_rail(self) -> None:
        rail = self.query_one("#rail", PickList)
        picked = rail.picked
        asked = (group for group in self._groups if self._session.asked(group))
        rail.set_options(Option(self._rail_line(group), id=group.name) for group in asked)
        rail.add_option(Option(".. Review", id=REVIEW))
        rail.pick(picked if rail.has_focus and picked else self._group.name)

    def _rail_line(self, group: Group) -> str:
        return "\n".join(hang(f"{self._rail_mark(group):<2} ", group.title, RAIL))

    def _rail_mark(self, group: Group) -> str:
        return ">" if group is self._group else self._session.mark(group)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        field, self._in_view = self._field_in_hand(), None
        if field is not None:
            # The findings below a field belong to it: all of it is to be seen.
            self.call_after_refresh(field.scroll_visible, animate=False)
        why = field.question.why if field else ""
        self.query_one("#why", Static).update(f"Why: {why}" if why else "")

    def show_field_in_hand(self) -> None:
        """The page has less room than it had: what is answered is to be seen all the same."""
        field = self._field_in_hand()
        if field is not None:
            self.call_after_refresh(field.scroll_visible, animate=False)

    def _field_in_hand(self) -> Field | None:
        around = self.focused.ancestors if self.focused else ()
        return next((widget for widget in around if isinstance(widget, Field)), None)

    def focused_help(self) -> str:
        field = self._field_in_hand()
        if field is None:
            return "The rail: Enter opens the page under the cursor."
        question = field.question
        return "\n\n".join(part for part in (question.title, question.why, question.help) if part)

    async def on_field_answered(self, event: Field.Answered) -> None:
        if event.changed:
            self._going_on = False
        await self._follow_conditions()
        self._look_at_everything()
        for field in self._fields:
            field.refresh_state()
        self.set_what(self._session.what)
        self.set_status(f"{self._index + 1} of {len(self._groups)}")
        self._refresh_rail()
        if event.onward:
            await self._onward(event.field)

    def on_field_edited(self, _event: Field.Edited) -> None:
        self._going_on = False

    async def _follow_conditions(self) -> None:
        """Questions appear and go as the answers above them change; the others stay as they are."""
        asked = self._session.asked(self._group)
        page = self.query_one("#page", VerticalScroll)
        present = {field.question.name: field for field in self.query(Field)}
        wanted = [question.name for question in asked]
        for name, field in present.items():
            if name not in wanted:
                await field.remove()
        before: Widget | None = None
        for question in asked:
            field = present.get(question.name) or Field(question, self._session)
            if question.name not in present:
                await page.mount(field, after=before) if before else await page.mount(field)
            before = field

    async def _onward(self, field: Field) -> None:
        fields = self._fields
        position = fields.index(field) if field in fields else len(fields) - 1
        if position + 1 < len(fields):
            fields[position + 1].control.focus()
        else:
            await self.action_next()

    async def action_next(self) -> None:
        """Go to the next page, unless something here must be mended or is still being looked at."""
        # A default that is being looked up is waited for like a check.
        if self._show_faults([field for field in self._fields if not field.awaits_default]):
            return
        awaiting = any(field.awaits_default for field in self._fields)
        if awaiting or (self._anything_running() and not self._going_on):
            self._going_on = True
            return
        await self._go(self._index + 1)

    def _show_faults(self, fields: Iterable[Field]) -> bool:
        first: Field | None = None
        for field in fields:
            awaited = self._session.is_awaited(field.question)
            field.show_fault("" if awaited else self._session.fault(field.question))
            if first is None and self._session.blocked(field.question):
                first = field
        if first is not None:
            first.control.focus()
            # It may have had the focus before: what is wrong with it is to be seen all the same.
            self.call_after_refresh(first.scroll_visible, animate=False)
            self._refresh_rail()
        return first is not None

    def _anything_running(self) -> bool:
        checks = (self._session.check_of(field.question) for field in self._fields)
        return any(check is not None and check.running for check in checks) or any(
            field.awaits_default for field in self._fields
        )

    def commit(self) -> None:
        """Keep what is being typed: whatever comes next, it is not lost."""
        for field in self._fields:
            field.commit()

    async def _go(self, index: int) -> None:
        self.commit()
        self._mend = False
        step = 1 if index > self._index else -1
        # A page on which nothing is asked, as things stand, is passed over.
        while 0 <= index < len(self._groups) and not self._session.asked(self._groups[index]):
            index += step
        if index < 0:
            self.finish(None)
        elif index >= len(self._groups):
            self.finish(REVIEW)
        else:
            await self._open_page(index)

    def action_back(self) -> None:
        """Go a page back; nothing is validated and nothing is lost."""
        self.call_later(self._go, self._index - 1)

    def action_review(self) -> None:
        """Go to Review; what is still open is shown instead."""
        self.commit()
        self.finish(REVIEW)

    def action_check_again(self) -> None:
        """Look at everything on this page again."""
        self._look_at_everything(again=True)

    def action_scroll(self, lines: int) -> None:
        """Move through a page that is longer than the screen."""
        self.query_one("#page", VerticalScroll).scroll_relative(y=lines, animate=False)

    def wrong_text(self) -> str:
        lines = [line for field in self._fields for line in field.wrong_lines()]
        return "\n".join([self.place.path, *lines]) if lines else ""

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_list.id == "rail":
            names = [group.name for group in self._groups]
            wanted = event.option_id or ""
            await self._go(names.index(wanted) if wanted in names else len(names))

    def _look_changed(self, name: str) -> None:
        if not self.gone:
            self.call_later(self._after_look, name)

    async def _after_look(self, name: str) -> None:
        if self.gone:
            return
        self._in_view = self._control_in_view()
        for field in self._fields:
            if field.question.name == name:
                self._session.drop_unlisted(field.question)
                field.refresh_state()
                await self._follow_suggestion(field)
                if self._mend and not self._session.is_awaited(field.question):
                    # It was still looked for when this page was opened to be mended.
                    field.show_fault(self._session.fault(field.question))
        self.set_what(self._session.what)
        self._refresh_rail()
        if self._going_on and not self._anything_running():
            await self.action_next()

    def _control_in_view(self) -> Widget | None:
        """What the operator types or picks in, where that is on the screen."""
        page, focused = self.query_one("#page"), self.focused
        if focused is None or page not in focused.ancestors:
            return None
        return focused if page.region.contains_region(focused.region) else None

    def _stay_in_view(self) -> None:
        """What was found higher up moves all below it: the cursor stays where it is seen."""
        in_view, self._in_view = self._in_view, None
        if in_view is not None:
            self.call_after_refresh(in_view.scroll_visible, animate=False)

    async def _follow_suggestion(self, field: Field) -> None:
        """A default that was found may lead to other questions, pages and looks."""
        listing = self._session.listing_of(field.question)
        if listing and listing.probed and listing.probed.suggested is not None:
            await self._follow_conditions()
            self._look_at_everything()
            self.set_status(f"{self._index + 1} of {len(self._groups)}")

    def _tick(self) -> None:
        for field in self._fields:
            field.refresh_if_running()
