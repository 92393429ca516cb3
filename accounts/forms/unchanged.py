"""Skip unchanged fields: they are neither checked nor sent.

A stored value may break a present rule, or have no exact form in an input (an hour that
occurs twice, a fraction of a second). It must not prevent saving the other fields, and
must not change because a page was opened and sent.
"""

from functools import cached_property

from django import forms

# `type=datetime-local` and `type=time` omit zero seconds.
_NO_SECONDS = ":00"
_TIMES = (forms.DateTimeInput, forms.TimeInput)
# Browsers check these attributes before they send a form, also for unchanged values.
_RULES = ("min", "max", "minlength", "maxlength", "pattern")


class UnchangedMixin(forms.Form):
    """A form that compares the sent values with the shown ones."""

    def relax(self) -> None:
        """Let browsers send stored values that break a rule.

        Call it after all fields are added.
        """
        for name in self.fields:
            field, initial = self.fields[name], self.initial.get(name)
            if field.disabled or _is_accepted(field, initial):
                continue
            for rule in _RULES:
                field.widget.attrs.pop(rule, None)
            if field.widget.attrs.get("step"):
                field.widget.attrs["step"] = "any"
            field.widget.use_required_attribute = lambda initial: False

    def full_clean(self):
        """Check the changed fields."""
        super().full_clean()
        if not self.is_bound:
            return
        for name in self.fields.keys() - set(self.changed):
            self.errors.pop(name, None)
            self.cleaned_data[name] = self.get_initial_for_field(
                self.fields[name], name
            )

    @cached_property
    def changed(self) -> list[str]:
        """The names of the fields that differ from the shown values."""
        return [name for name in self.fields if not self._is_as_shown(name)]

    def shown_data(self, name: str) -> list[str]:
        """Return what a browser sends for a field that was not touched."""
        bound = self[name]
        widget = bound.field.widget
        value = bound.field.prepare_value(bound.initial)
        if isinstance(widget, forms.CheckboxInput):
            return ["on"] if value else []
        found = widget.format_value(value)
        texts = found if isinstance(found, (list, tuple)) else [found]
        return ["" if text is None else str(text) for text in texts]

    def shown_text(self, name: str) -> str:
        """Return the same as one text, to be compared with `sent_text`."""
        widget, shown = self[name].field.widget, self.shown_data(name)
        is_checkbox = isinstance(widget, forms.CheckboxInput)
        return _as_text(widget, bool(shown) if is_checkbox else shown)

    def sent_text(self, name: str) -> str:
        """Return what the browser has sent for a field."""
        bound = self[name]
        return _as_text(bound.field.widget, bound.data)

    def _is_as_shown(self, name: str) -> bool:
        bound = self[name]
        field, widget = bound.field, bound.field.widget
        is_missing = widget.value_omitted_from_data(
            self.data, self.files, self.add_prefix(name)
        )
        if field.disabled or is_missing:
            return True
        if not field.has_changed(bound.initial, bound.data):
            return True
        if not isinstance(widget, (forms.TextInput, forms.Textarea)):
            return False
        shown = widget.format_value(field.prepare_value(bound.initial)) or ""
        return _as_sent(widget, str(shown)) == _as_sent(widget, bound.data or "")


def _is_accepted(field: forms.Field, value: object) -> bool:
    try:
        field.clean(field.prepare_value(value))
    except forms.ValidationError:
        return False
    return True


def _as_text(widget: forms.Widget, value: object) -> str:
    """Return a widget's value as a text that is the same for the same choice."""
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    if isinstance(value, (list, tuple)):
        return "\n".join(sorted({str(one) for one in value}))
    return _as_sent(widget, "" if value is None else str(value))


def _as_sent(widget: forms.Widget, text: str) -> str:
    """Return a text as browsers send it.

    In HTML, line breaks of a textarea become CR LF, those of an input are removed, and
    a time has no seconds if they are zero.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    if isinstance(widget, forms.Textarea):
        return text
    text = text.replace("\n", "")
    if isinstance(widget, _TIMES) and text.count(":") == 2:
        return text.removesuffix(_NO_SECONDS)
    return text if text.strip() else ""
