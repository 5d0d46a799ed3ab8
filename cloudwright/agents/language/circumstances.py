"""Words by which what surrounds an order is known: reasons, circumstances, later times, what takes an order back."""

from cloudwright.agents.language.lexicon import listed

OPENERS = (
    "because, so that, since it, since they, since we, since there, since the, as it, as they, as we, as the, due to, in order to, so it,"
    " so they, which is, which are, which was, which keeps, given that, cause it, cuz, coz, to make room, to save, to free, now that,"
    " thanks to, on account of, so we, so i can, so users, so nobody, to see if, to be able to, to be on the safe side"
)
SUBJECTS = listed(
    "it, they, we, i, that, this, nobody, users, customers, people, he, she, everything, something, there, someone, everyone"
)
CHANGING = listed(
    "if, unless, assuming, provided, supposing, suppose, except, but, until, before, after, instead, only, never, want, wants, please, maybe, wait, perhaps, then,"
    " stop, cancel, when, or, don't, should, must, undo, keep, keeps-only, leave, actually, rather, without, apart, besides, excluding, excluded,"
    " first, last, shall, let, make, skip, ignore, not-yet, whichever, either, once, while, whether, both, include, including, exclude, ones, others"
)
"""With these a part of a sentence takes something back, narrows it, or asks for something of its own."""
LATER = listed(
    "tomorrow, tonight, later, noon, midnight, monday, tuesday, wednesday, thursday, friday, saturday, sunday, weekend, soon, afternoon,"
    " evening, morning, week, month"
)
WHEN_DONE = listed(
    "do, does, done, happen, happens, can, may, should, must, wait, fine, ok, okay, enough, it, this, that, time, window, schedule,"
    " scheduled, maintenance, works, suits, we, i, you, go, run, runs, want, like"
)
"""Beside a later time these speak of when the order shall be done."""
DOING = listed(
    "do, done, happen, wait, schedule, scheduled, run, runs, start, apply, execute, maintenance, window, slot, time, planned, due, allowed, better, ok, okay, fine, works, suits, can, may, should, must, shall"
)
"""In a longer sentence these speak of the order; small words do not."""
SMALL_TIMES = listed(
    "at, on, in, the, only, next, this, every, each, by, from, of, early, late, during, over, please, then, and"
)
TIMES = listed("night, day, quarter, month, year, holiday, holidays, season")
FINITE = listed(
    "is, are, was, were, points, point, leads, has, have, had, does, did, gets, got, get, keeps, kept, needs, looks, look, seems, seem, starts, begins, comes,"
    " goes, runs, fails, fail, hangs, hang, crashes, crash, leaks, leak, dies, die, eats, shows, complains, complain, loses, lost, uses,"
    " takes, holds, acts, act, behaves, behave, feels, feel, smells, stays, sits, spins, throws, reports, says, said, told, asked, died,"
    " broke, fixed, solved, resolved, repaired, sorted, ran, blocks, bothers, ended, finished, failed, started, went, came, grew, fell, hit, reached, happened, can, could, will, would, makes, creates, recreates, recreated, reckon, think,"
    " believe, guess, hope, know, see, hear, arrives, arrive, opens, closes, ends, needed, spiked, doubled, cost, costs, burns, wastes"
)
STATES = listed(
    "done, finished, over, gone, stuck, dead, broken, failed, failing, crashing, hanging, hung, useless, unused, obsolete, old, orphaned, stale,"
    " superseded, needed, used, complete, completed, through, slow, sick, dodgy, ready, down, full, empty, idle, here, back, no, longer, any,"
    " more, anymore, not, nobody, needs, wants, uses, long, for, since, year, years, while, ages, weeks, days, months, ages, finally, already, just, still, again, been,"
    " blocks, block, us, bothers, annoys, completely, totally, clearly, really, has, have, had, to, go, hangs, crashes, leaks, fails, looks, acting, weird, up, out, of, date,"
    " points, point, leads, lead, nowhere, nothing, behind, it, around, lying, called, named, someone, somebody, a, in, misbehaving, misbehaves, wrong, funny, strange, successfully, successful, success, ok, okay, fine, served, its, purpose"
)
CIRCUMSTANCES = listed(
    "season, traffic, load, rush, peak, sale, campaign, holiday, holidays, migration, incident, outage, test, tests, demo, budget, savings,"
    " alert, alerts, noise, leak, leaks, bug, bugs, typo, typos, deadlock, deadlocks, timeout, timeouts, spike, spikes, launch, audit, cleanup, queue, backlog,"
    " update, upgrade, patching, reboot, repair, repairs, replacement, swap, maintenance, crash, crashes, errors, complaints, latency, pressure, oom, customers, users, demand, capacity, newsletter, reasons, hurry, urgency,"
    " night, day, quarter, month, year, festival, event, visitors, emergency, congestion, overload, bookings, orders, requests"
)
"""Last words of a circumstance: "quiet season", "for the newsletter", "too much traffic"."""
NARROWING = listed("customers, users, visitors, orders, requests, bookings, errors, queue, backlog, tests")
"""Behind "for" these may say of which part something is meant."""
FEASTS = listed(
    "the open day, the big day, the launch day, opening day, sale day, the load tests, a load test, load tests, the tests, black friday, cyber monday, christmas, easter, new year, halloween, thanksgiving, singles day, the holidays, the weekend, today"
)
AROUND = listed(
    "around, alone, untouched, in place, as is, as it is, as they are, there, intact, running, be, existing, where it is"
)
REST = listed("rest, others, other, everything, else, it, them, whatever, all")
COLOURS = (
    "anyway, anyhow, after all, be so kind and, be so kind as to, be so kind, so kind as to, for now, from now on, from here on, for the time being, for the weekend, for the night, for the day, for today, today, as of now,"
    " as of today, starting now, starting today, right away, right now, once again, once more, one more time, once and for all, as discussed,"
    " as agreed, as planned, as usual, as requested, as always, in the meantime, meanwhile, pronto, stat, finally, at last, already,"
    " thanks a lot, thank you very much, a lot, very much, a s a p, over night, overnight, no matter what, in any case, either way, no rush, when you can, whenever you can, for good,"
    " for real, ha, haha, lol, ffs, damn, sigh, pretty please, with sugar on top, cheers, ta, yeah, aye, alrighty, roger, folks"
    " for me, if you could, if you can, if you would, if you please, if you do not mind, if that is ok, if possible, at your convenience"
)
"""Words that only colour an order."""
