package main

import (
	"context"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/office/flow"
	"jingwei/internal/office/register"
	"jingwei/internal/office/search"
)

// openSearch opens what finds entries, cases, facts and measures. It follows the rooms' tables; they know nothing of it.
func (n *node) openSearch(context.Context) error {
	n.search = search.New(search.Options{
		Sources: []search.Source{soughtEntries{n.registers}, soughtCases{n.flows}, soughtFacts{n.facts}, newSoughtMeasures(n.measures)},
		Words:   tradeWords(n.registers, n.flows, n.facts, n.measures), Now: n.now, Logger: n.log,
	})
	n.search.Work = search.Work{DB: n.db, Home: n.home}
	return nil
}

// tradeWords are names in the packs, at which queries that are written without spaces are cut.
func tradeWords(registers *register.Service, flows *flow.Service, facts *fact.Service, measures *incentive.Set) (out []string) {
	for _, r := range registers.Registers() {
		out = append(out, r.Name.Zh, r.Entry.Zh)
		for _, st := range r.States {
			out = append(out, st.Name.Zh)
		}
		for i := range r.Fields {
			out = append(out, r.Fields[i].Name.Zh)
			for _, o := range r.Fields[i].Options {
				out = append(out, o.Name.Zh)
			}
		}
	}
	for _, f := range flows.Flows() {
		out = append(out, f.Name.Zh, f.Case.Zh)
		for _, st := range f.States {
			out = append(out, st.Name.Zh)
		}
	}
	for _, k := range facts.Kinds().All() {
		out = append(out, k.Name.Zh)
	}
	for _, m := range measures.All() {
		out = append(out, m.Lead)
		out = append(out, m.Support...)
	}
	return out
}
