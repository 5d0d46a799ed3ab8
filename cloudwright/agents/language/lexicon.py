"""The general English of operations: families of words that ask for the same thing. No sentences, no object names.

Each entry is a comma-separated list of words or phrases in their plain form; inflections are made from them.
"""

from collections.abc import Mapping
from functools import cache

_IRREGULAR: Mapping[str, tuple[str, ...]] = {
    "run": ("runs", "running", "ran"), "set": ("sets", "setting"), "put": ("puts", "putting"),
    "shrink": ("shrinks", "shrinking", "shrank", "shrunk"), "grow": ("grows", "growing", "grew", "grown"),
    "cut": ("cuts", "cutting"), "give": ("gives", "giving", "gave", "given"), "make": ("makes", "making", "made"),
    "go": ("goes", "going", "went", "gone"), "take": ("takes", "taking", "took", "taken"),
    "bring": ("brings", "bringing", "brought"), "spin": ("spins", "spinning", "spun"), "get": ("gets", "getting", "got"),
    "tear": ("tears", "tearing", "tore", "torn"), "throw": ("throws", "throwing", "threw", "thrown"),
    "hold": ("holds", "holding", "held"), "freeze": ("freezes", "freezing", "froze", "frozen"),
    "shut": ("shuts", "shutting"), "stop": ("stops", "stopping", "stopped"), "drop": ("drops", "dropping", "dropped"),
    "drag": ("drags", "dragging", "dragged"), "trim": ("trims", "trimming", "trimmed"), "kick": ("kicks", "kicking", "kicked"),
    "tag": ("tags", "tagging", "tagged"), "ship": ("ships", "shipping", "shipped"), "wipe": ("wipes", "wiping", "wiped"),
    "show": ("shows", "showing", "showed", "shown"), "see": ("sees", "seeing", "saw", "seen"),
    "label": ("labels", "labeling", "labelling", "labeled", "labelled"), "swap": ("swaps", "swapping", "swapped"),
    "untag": ("untags", "untagging", "untagged"), "begin": ("begins", "beginning", "began", "begun"),
    "let": ("lets", "letting"), "break": ("breaks", "breaking", "broke", "broken"), "bin": ("bins", "binning", "binned"),
    "roll": ("rolls", "rolling", "rolled"), "scale": ("scales", "scaling", "scaled"), "up": (), "down": (),
    "undo": ("undoes", "undoing", "undid", "undone"), "redo": ("redoes", "redoing", "redid", "redone"),
    "zap": ("zaps", "zapping", "zapped"), "bump": ("bumps", "bumping", "bumped"), "axe": ("axes", "axing", "axed"),
    "patch": ("patches", "patching", "patched"), "launch": ("launches", "launching", "launched"),
}  # fmt: skip

ACTIONS: Mapping[str, str] = {
    "scale": "size, fan out, spread, replicate, multiply, triple, quadruple, resize, scale, rescale, resize, upscale, downscale, scale out, scale in, right-size",
    "up": "hike, jack up, dial up, ratchet up, pump up, inflate, extend, grow out, strengthen, beef, pump, crank, raise, increase, bump, bump up, grow, boost, lift, expand, extend, upsize, enlarge, ramp up, crank up, beef up,"
    " scale up, turn up, push up, bring up, up, step up, widen, enhance",
    "down": "slash, whittle down, thin out, deflate, pare down, pare back, trim down, slim down, shave, contract, drop down, lower, decrease, reduce, shrink, trim, halve, cut, cut down, scale down, dial down, ramp down, turn down,"
    " bring down, step down, downsize, take down, knock down, scale back, cut back, slim, dial back, tone down",
    "double": "double, twice", "halve": "halve, cut in half",
    "set": "set, bind, export, change, adjust, modify, alter, configure, edit, assign, turn, fix, tweak, reset, define, swap, flip, point,"
    " move, pin, put, limit memory, limit the memory, limit cpu, limit the cpu, cap memory, cap the memory, cap, limit, hand, spare, switch, make, give, let, have, need, want, keep, bring, take, replace, allow, get, allocate, grant,"
    " shift, postpone, reschedule, delay, advance, override, overwrite, reconfigure, dial, patch, rename, raise, use, go, run",
    "restart": "restart, do a rolling roll of, do a rolling bounce of, do a rolling cycle of, do a rolling recycle of, do a rolling reboot of, roll, roll pods, recycle pods, bounce pods, cycle pods, do a rollout restart of, rollout restart of, kick, turn over, do a rolling restart of, roll over, respin, rotate, resurrect, cycle through, bounce, reboot, recycle, cycle, relaunch, rollout restart, kick over, roll the pods, redeploy,"
    " reload, respawn, re-roll, restart, rolling restart, power cycle, give a kick, turn off and on, replace the pods, recreate the"
    " pods, re-create the pods, refresh, restart the pods, restart all pods, restart all the pods, bounce the pods, cycle"
    " the pods, recycle the pods, recreate all pods",
    "rollback": "undo, roll back, rollback, revert, go back, back out, undo the rollout, undo the last rollout, undo the"
    " deployment, undo the deploy, undo the release, undo the last deploy, undo the last release, undo the last"
    " deployment, rollout undo, downgrade, return, put back, take back, step back, restore, fall back, switch back, move"
    " back, undo the update, undo the upgrade, undo the last update, undo the last upgrade, roll backward, unship,"
    " undo the latest rollout, undo the latest release",
    "pause": "pause, stop triggering, stop scheduling, do not trigger, stall, quiesce, hold, freeze, suspend, halt, hold off, rollout pause, disable, put on hold, stop rolling out, deactivate",
    "resume": "resume, un-pause, un-suspend, un-freeze, un-hold, unhold, let roll, let go on, let continue, let proceed, carry on with, carry on, start, turn on, switch on, reopen, let run again, wake up, wake, start again, bring back, unpause, continue, unfreeze, unsuspend, rollout resume, reenable, re-enable, enable, reactivate,"
    " unhalt, thaw, activate, let continue",
    "delete": "delete, away with, throw out, toss, toss out, chuck out, take away, strip, clear away, dump the, chuck, do away with, expunge, wipe out, blow away, sweep away, remove, destroy, kill, nuke, drop, erase, wipe, purge, get rid of, tear down, terminate, throw away,"
    " trash, discard, clean up, zap, scrap, eliminate, axe, bin, rm, dispose of, clear out, take out, decommission, retire,"
    " obliterate, ditch, uninstall, prune",
    "cordon": "cordon, seal off, seal, lock down, lock, block, isolate, hold back, exclude from scheduling, freeze scheduling on, pause scheduling on, suspend scheduling on, stop sending pods to, stop assigning pods to, cordon off, mark unschedulable, make unschedulable, stop scheduling on, no new pods on, take out of"
    " scheduling, take out of rotation, keep new pods off, close off, fence, fence off, block scheduling on, disable"
    " scheduling on, no more pods on, no more scheduling on, no scheduling on, no new workloads on, keep pods off, prevent scheduling on, pull out of rotation, quarantine, close for scheduling,"
    " close, stop placing pods on, stop new pods on, stop putting pods on",
    "uncordon": "uncordon, let pods be scheduled on, let pods be scheduled onto, let pods run on, allow pods to be scheduled on, allow pods to run on, let pods onto, allow pods onto, let pods back on, let pods back onto, let workloads on, let workloads onto, use again, take back in, let take pods, let take workloads, allow pods on, allow scheduling on, unlock, unblock, unseal, release, readmit, bring back, return to scheduling, re-enable scheduling on, put back to work, put back in use, make usable, un-cordon, mark schedulable, make schedulable, put back into scheduling, put back in rotation,"
    " put back into rotation, bring back into rotation, bring back in rotation, allow scheduling on, allow pods on, enable"
    " scheduling on, reopen, re-open, unfence, return to rotation, return to service, put back in service, put back into"
    " service, open for scheduling, let pods on, let the scheduler use, make available again, open up, bring back into"
    " service, resume scheduling on, allow new pods on, lift the cordon",
    "drain": "drain, empty, evacuate, vacate, clear, clear off, empty out, move everything off, move all pods off, evict all"
    " pods from, evict everything from, prepare for maintenance, prepare for a reboot, take down for maintenance, move"
    " pods off, get everything off, clear the pods off, offload, flush",
    "taint": "taint", "untaint": "untaint",
    "label": "label, stick, stick a label on, stamp, tag, relabel, mark", "unlabel": "unlabel, untag",
    "annotate": "annotate, re-annotate",
    "apply": "apply, kubectl apply, server-side apply, roll in, push in",
    "fix": "fix, repair, solve, remedy, resolve, heal, cure, rectify, mend",
    "create": "create, write, draft, author, compose, add, provision, set up, spin up, stand up, register, introduce, new, make a new, generate, make",
    "evict": "evict, push off, move away, kick off the node, boot off",
    "trigger": "trigger, set off, spin off, do a run of, give a run, kick, fire up, do one run of, start, launch, fire, fire off, kick off, run, run now, execute, begin, invoke, force a run of, run"
    " once, start now, run immediately",
    "stop": "stop, turn down to nothing, mothball, shelve, idle, hibernate, shut down, switch off, turn off, shut off, power down, take offline, spin down, bring to zero, park",
    "expose": "expose, publish, make reachable",
    "autoscale": "autoscale, auto-scale, scale automatically, auto scale",
    "deploy": "deploy, switch over, swap, bump, put, go to, ship, upgrade, update, release, roll out, rollout, roll forward, promote, push, install, roll",
    "exec": "exec",
    "unset": "unset, clear the variable",
    "rename": "rename", "copy": "copy", "forward": "forward, port-forward",
    "wait": "wait, block until, wait until, wait for",
    "add": "add, plus, append, attach, include, inject",
}  # fmt: skip
"""Families of verbs that change something. A word may be in several; arguments decide."""

LOOKS = (
    "show, list, get, display, print, see, view, fetch, find, tell, check, look, look at, look up, pull up, dump, enumerate,"
    " describe, explain, inspect, examine, count, compare, diff, summarize, summarise, report, give, read, search, grep, tail,"
    " watch, monitor, review, investigate, diagnose, debug, troubleshoot, analyze, analyse, query, bring up, fetch me, cat,"
    " output, gather, collect, know, walk, pull, retrieve, name, verify, confirm whether, overview, share, lookup,"
    " identify, follow, stream, peek, need to know, want to know, want to see, like to see, determine, help, figure out,"
    " find out, work out, audit, present, point out, top, dig, track, locate, spot, draw"
)
ASKING = "what which who whose whom where when why how is are was were does did has had how's am may might"
MODALS = "can could would will should shall must do have need want"
FILLERS = (
    "please kindly just now quickly hey hi hello ok okay right so well thanks thank you cheers friend mate folks team buddy"
    " there again simply actually really maybe perhaps asap immediately quick real fast for me us everyone all good morning"
    " afternoon evening go ahead and then also too as well oh um uh hmm yo dear sir kind kindly favor favour would like mind"
    " if that possible could can will shall i we you want need to let's let us lets i'd love gonna going it's the a an my our your this that these those its it their"
    " some any of on in at to from by with for into onto over under up currently present presently at moment today right"
    " still ever even yet already be been being is are was were am do does did have has had having get got"
    " s 's sure no problem when get chance time hurry urgently urgent quickly once afterwards next first finally instead"
    " help know appreciate appreciated appreciation great awesome wonderful nice bot assistant cloudwright dude hold sec second"
    " sorry bother btw way by fyi thing things stuff want wanna ready here me myself yourself everybody soon possible"
    " k try straight away whole entire own each every only same full complete current existing actual given particular specific"
    " called named name i.e e.g ie eg needs should must has to-be"
)
TOPICS = (
    "logs log events event usage cpu memory replicas replica copies copy instances instance image images version tag limits"
    " limit requests request label labels annotation annotations environment variable variables env status state age old"
    " restarts restart owner owners yaml manifest details rollout history revision revisions schedule port ports selector"
    " node nodes namespace namespaces container containers ready running pending failed failing crashing crash broken wrong"
    " healthy unhealthy problem problems issue issues error errors warning warnings more than less least most fewest highest"
    " lowest newest oldest largest smallest biggest number total between compared differences difference same different"
    " without labelled labeled permission permissions allowed forbidden rights access role roles secret secrets password"
    " token tokens value values key keys config command capacity free total average percent traffic latency double half"
    " another fewer additional minimum maximum min max target previous earlier before after since until ago yesterday"
    " today hour hours minute minutes day days week weeks second seconds undo approve deny yes stuck slow down cluster"
    " volume storage size class type address host hosts domain restarted created deleted changed scheduled finished"
    " completed succeeded evicted terminating bound behind using uses mounted mounting mounts reference references"
    " referencing behind reach reaches routes routed points route depend depends exposed name names whether because cause"
    " reason reasons message messages output lines line stack trace health check checks probe probes strategy budget quota"
    " service services policy policies limit-range deployment deployments tainted taints toleration tolerations priority"
    " kernel architecture runtime zone region condition conditions pressure available unavailable desired"
    " lacking lacks lack suspended paused resumed cordoned drained unschedulable schedulable"
)
ENGLISH = (
    "eviction evictions disruption disruptions root"
    " about above around across actual add afraid again against ago agree ahead allow alone along already although always among amount animal"
    " answer any anybody anyone anything anyway anywhere apart appear area arrive ask attempt aware away back bad base basic because"
    " become before begin behind believe belong below beside best better between beyond big bit both bottom break bring broad build"
    " busy call came care carry case catch center certain chance change cheap check choice choose city clean clear close coffee cold"
    " come common company complete contain control cool correct cost could couple course cover cross customer daily dark date dead"
    " deal death decide deep deploy depend design detail develop die differ difficult direct doubt down drive drop dry during each"
    " early easy eat edge effect effort either else empty end enjoy enough enter entire even evening event ever every exact example"
    " except expect explain extra eye face fact fail fair fall family famous far fast father fear feel few field fight figure file"
    " fill final find fine finish fire first fit five floor follow food force forget form forward four free fresh friend front full"
    " fun further future game general get give glad goal good great green ground group grow guess half hand happen happy hard hardly"
    " hate have head hear heavy help here hide high hit hold home hope hot hour house huge idea image important include indeed inside"
    " instead interest issue item join just keep key kind know lack large last late later laugh lead learn least leave left less let"
    " letter level life light like likely line list listen little live local long look lose lost lot loud love low luck lunch machine"
    " main major make manage many mark market matter maybe mean meet meeting member memory mention middle might mile mind minor"
    " minute miss mistake moment money month more morning most mother move much music must name near nearly neat need never new next"
    " nice night nobody none noon normal north nothing notice number often old once one only open order other others otherwise out"
    " outside over own page paper part party pass past pay people perfect perhaps period person pick picture piece place plain plan"
    " play please plenty point poor position possible power prefer prepare present pretty prevent previous price print problem proper"
    " protect prove provide public pull push put quality question quick quickly quiet quite raise random range rather reach read ready"
    " real reason receive recent recently red reduce refer regular relate release remain remember remind remove repeat reply report"
    " request rest result return rich right rise road room rough round rule run safe same save say scene school screen search season"
    " second secret see seem seen select sell send sense series serious serve set several shall shape share sharp sheet short should"
    " shout show shut side sign silent similar simple since single sit six size skip sleep slow small smart smooth so social soft"
    " some somebody someone something sometime somewhere soon sorry sort sound source south space speak special speed spend split"
    " spot spread stack staff stage stand standard star start state stay step still stop store story straight strange stream street"
    " strong study stuff subject such sudden suggest summer sun supply support suppose sure surface sweet system table take talk tall"
    " target task team tell ten term test text than thank that then there these they thing think third this those though thought three"
    " through throw thus tie tight till time times tiny tired title today together told tomorrow tonight too top total touch toward"
    " town track trade traffic train travel treat tree trial trick trip trouble true truth try turn twice type under understand unit"
    " until upon upper urgent use useful user usual value various very view visit voice wait wake walk wall want war warm warn wash"
    " waste watch water way weak wear week weekend well west wet what wheel when where whether which while white who whole why wide"
    " will win wind window winter wish with within without woman wonder word work world worry worse worst worth would write wrong"
    " year yellow yesterday yet young properly exactly basically literally obviously apparently currently lately nowadays anymore"
    " somehow whatever whichever whoever however therefore meanwhile besides except grown customers users folks guys everybody"
)
"""Frequent words: never misspelt names of objects."""
PRONOUNS = "it its this that them they these those one ones their theirs both"

UNCERTAIN = (
    "if, unless, except, excluding, but not, other than, apart from, besides, only if, only when, whenever, until, after,"
    " before, tomorrow, tonight, later, next week, next month, in case, provided, provided that, assuming, once it, when it,"
    " when the, as soon as, while, every day, every night, every hour, on monday, on tuesday, on wednesday, on thursday, on"
    " friday, on saturday, on sunday, at midnight, at noon, eventually, some day, someday, maybe, perhaps, possibly,"
    " instead of, rather than, temporarily, for a while, not, never, without, don't, no, skip, avoid, whichever, some of,"
    " one of, any of, most of, half of, a few, several"
)
HYPOTHETICAL = (
    "what would happen, what happens if, what happens when, what if, would happen, suppose, supposing, hypothetically, what"
    " breaks if, what would break, what is the impact, what is the effect, what would be, imagine, in theory, if i were to,"
    " if we were to, consequences of, impact of, effect of, is it safe, would it be safe, safe to, is it ok to, is it okay"
    " to, fallout of, blast radius, dry run, dry-run, what will happen, what will break, happens to, who would notice, what"
    " else would, would anything break, does anything break, what goes down, what would go down, what depends on, risk of,"
    " what do i lose, what do we lose, what would we lose, what would i lose, would break, be affected, is affected"
)
HOW_TO = (
    "how do i, how do we, how do you, how can i, how can we, how would i, how would you, how would we, how to, how should i,"
    " how should we, explain how, what is the command, which command, what command, steps to, teach me, show me how, tell"
    " me how, what is the way, what is the best way, how does one, documentation for, docs for, walk me through"
)
SHOULD = (
    "should i, should we, do i need to, do we need to, would you recommend, do you recommend, do you think, is it worth,"
    " does it make sense, is it a good idea, would it help, is it time to, ought i, ought we, would you, is it wise,"
    " would it make sense, do i have to, do we have to, is there a need to, is it necessary, would it be better"
)
POLITE = (
    "i think, i guess, i believe, i reckon, "
    "can someone, could someone, can somebody, could somebody, "
    "do a, do an, do the, do one, perform a, trigger a, try to, try, try a, attempt to, see to it that, make sure that, make sure, ensure that, ensure, take care that, let me, let me just, can you, could you, would you, will you, can you please, could you please, would you please, would you mind, would you"
    " be so kind, i want you to, i want to, i need you to, i need to, i would like you to, i would like to, we need to, we"
    " want to, let us, please, go ahead and, i would love to, we would love to, we would like to, i would prefer to, we would prefer to, i would love, be so kind, time to, i have to, we have to, we should, you should,"
    " we must, you can, you may, help me, i wish to, are you able to, can we, could we, could i ask you to, may i ask you to,"
    " do me a favor and, do me a favour and, i am asking you to, feel free to, make sure to, be sure to, just, kindly, now,"
    " then, next, also, and, so, ok, okay, alright, hey, hi, hello, actually, quickly, finally, afterwards, after that,"
    " yes, first, second, lastly, well, right, great, perfect, good, cool, thanks, thank you, instead"
)
BECOMES = "should be, must be, shall be, has to be, have to be, ought to be, needs to be, need to be, is supposed to be"
DESIRE = "can both be, can all be, can now be, can safely be, may both be, may now be, should both be, can be, can go, may go, should be, should, shall be, must, must be, has to be, have to be, needs to be, need to be, want, wants, would like, like, get, have, needs, need, ought to be"


@cache
def phrases(text: str) -> tuple[tuple[str, ...], ...]:
    """The phrases of a comma-separated list, each as its words."""
    return tuple(tuple(part.split()) for part in text.split(",") if part.strip())


def listed(text: str) -> frozenset[str]:
    """The words or phrases of a comma-separated list."""
    return frozenset(" ".join(phrase) for phrase in phrases(text))


def inflections(word: str) -> dict[str, str]:
    """Every form of a verb with its name: base, s, ing, past."""
    forms = {word: "base"}
    if word in _IRREGULAR:
        for form in _IRREGULAR[word]:
            forms[form] = "ing" if form.endswith("ing") else "s" if form.endswith("s") and form[:-1] == word else "past"
        return forms
    stem = word[:-1] if word.endswith("e") else word
    third = (
        f"{word[:-1]}ies"
        if word.endswith("y") and word[-2:-1] not in "aeiou"
        else word + ("es" if word.endswith(("s", "x", "ch", "sh", "o")) else "s")
    )
    past = f"{word[:-1]}ied" if third.endswith("ies") else f"{stem}ed"
    forms |= {third: "s", f"{stem}ing": "ing", past: "past"}
    return forms
