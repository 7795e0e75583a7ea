// Package programme takes a call for projects from application to acceptance. A call is one file (packs/calls): who may apply, what is
// handed in, what is checked, how experts are drawn and score, how long the result is made public, what is awarded, in which parts,
// by which indicators the project is accepted, and what is paid back.
//
// From each call the room writes a flow (generate.go) for package office/flow, which keeps the cases with their papers, deadlines, objections
// and history; the room is the gate of these flows: what a step entails is written in the step's transaction, or the step is
// refused. A round is one opening of a call by one organisation, with a budget.
//
// What decides is pure and exact: the draw of experts (draw.go) from a seed whose hash was published before, so that anybody can
// draw again; conflicts of interest (conflict.go); scores with the effect of each reviewer taken out by least squares over exact
// rationals (score.go); how near the cut line is (sensitivity.go); whether an indicator is reached (acceptance.go).
//
// Sources: S195, S198, S199, S203, S204, S220 of the requirements; 行政许可法 art. 32, 45, 82; calls as practised (formal check tables,
// blind review, publicity of at least five working days); R. A. Fisher's additive model of a two-way layout without interaction.
//
// What an application files for measures of support, and what it is awarded, is known beyond this room through a small interface (Filings):
// a project is filed once, whichever room takes it.
//
// Files: call.go, check.go (the pack), generate.go, who.go, conflict.go, draw.go, score.go, sensitivity.go, acceptance.go (pure rules);
// store.go, service.go, gate.go, filed.go, round.go, review.go, rank.go, award.go, accept.go, supervise.go, sheet.go, api*.go.
package programme
