"""Plain language without a model: requests become typed calls over the catalogue and the cluster's own vocabulary.

    text       "scale cart to 3 and show its events"
    tokens     `text`, `spelling`: typography, contractions and misspelt words evened out, amounts and times read
    tags       `tagging` over `index`: mentions of what the cluster knows (`vocabulary`) and what has a form of its own
    clauses    `splitting`: one for each wish, a `clause.Clause` that knows which of its words are explained; `ellipsis` repeats
               what the next one leaves out, `carrying` a part of an object that the one before stated; `rewording` drops what a
               sentence takes back, `pointing` finds "the eu one" and "there"
    mood       `verbs`, `moods`: does it order, ask, suppose, forbid; `wishes`, `assigned`: orders without a verb;
               `background` (with `remarks`, `circumstances`, `old_values`): what surrounds an order and changes nothing of it;
               `switches`: words that turn a setting on or off; `refusals`: what is never done
    frame      `reads`, `writes`: one frame for each kind of question or change takes the clause's mentions as its slots;
               `references` and `describing` say which objects they mean, `aspects` which field a word means, `schedules` which
               cron fields a rhythm means, `lexicon` holds the words
    call       `calls`: typed calls of tools; `utterances` finds tools that no frame knows by what they say of themselves
    decision   `deciding`, `changes`, `doubts`: run it, or ask first; a change with a word that nothing explains is asked about;
               `wanted` reads clause after clause, `misgivings` asks where one makes another unsure

Command lines of kubectl are no English: `commandline` reads those that change something before any of this.
`reader.RuleReader` runs the pipeline. The conversation comes in by `understanding.Memory`: `answering` reads the answer to
what was asked back, `following` repeats the last calls for something else, `smalltalk` takes decisions and thanks.
"""
