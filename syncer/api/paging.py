"""Walk the pages of a listing to its end, whichever way the API tells where that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from syncer.api.answer import Answer

PAGE_SIZE: Final = 50


def walk_pages(get_page: Callable[[int], Answer]) -> Iterator[Answer]:
    """Give the items of page 1, 2, … until the listing ends; `get_page` makes the call.

    A server that answers the same page whatever the number does not keep this going for ever.
    """
    number, seen, last = 0, 0, None
    while True:
        number += 1
        page = get_page(number)
        items = page.items("items")
        shown = [item.data for item in items]
        if not shown or shown == last:
            return
        yield from items
        last = shown
        seen += len(items)
        if _is_last(page, number, len(items), seen):
            return


def _is_last(page: Answer, number: int, count: int, seen: int) -> bool:
    facts = page.part("pagination", "paging") if "pagination" in page.data or "paging" in page.data else page
    more = facts.flag("hasMore", "hasNext", "hasNextPage")
    if more is not None:
        return not more
    pages = facts.optional_count("totalPages", "pageCount")
    if pages is not None:
        return number >= pages
    total = facts.optional_count("total", "totalItems", "totalCount")
    if total is not None:
        return seen >= total
    # The server may give fewer a page than it was asked for, and says so where it does.
    return count < (facts.optional_count("pageSize") or PAGE_SIZE)
