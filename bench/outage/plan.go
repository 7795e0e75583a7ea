package outage

import (
	"fmt"
	"math/rand/v2"
	"time"

	"jingwei/bench/rollup"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/org"
)

// plan is what children say: a pure function of the seed, so that every process knows what every record is.
type plan struct {
	Seed     uint64
	Children int
	Figures  int // indicators that each restates in a round
	Rounds   int // while the parent is away: an hour has twelve of five minutes
	Day      string

	library *indicator.Library
	period  indicator.Period
	codes   []string
}

func (p *plan) open() (err error) {
	if p.library, err = rollup.Library(p.Figures); err != nil {
		return err
	}
	p.period = figure.Periods("month", p.Day)[0]
	for i := range p.Children {
		code, err := creditCode(i)
		if err != nil {
			return err
		}
		p.codes = append(p.codes, code)
	}
	return nil
}

// creditCode is that of the i-th enterprise, with its two check digits.
func creditCode(i int) (string, error) {
	for _, organisation := range "0123456789X" {
		for _, whole := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
			code := fmt.Sprintf("9143%02d00%08d%c%c", i%14+1, i, organisation, whole)
			if _, fault := org.CreditCodeFault(code); fault.IsZero() {
				return code, nil
			}
		}
	}
	return "", fmt.Errorf("no credit code has the number %d", i)
}

func (p *plan) firm(i int) indicator.Enterprise {
	return indicator.Enterprise{Code: p.codes[i], Name: "企业" + p.codes[i], Industry: "3857", Region: p.codes[i][2:8], Size: "small"}
}

// figures are the items of each child's agreement.
func (p *plan) figures() (out []string) {
	for _, d := range p.library.Definitions() {
		out = append(out, d.ID)
	}
	return out
}

// each is how many records a child sends in all: who it is, and in each round, the first before the outage, its observations with a proof.
func (p *plan) each() int { return 1 + (p.Rounds+1)*(p.Figures+1) }

// round are the records of a child's round; those of round 0 begin with who it is.
func (p *plan) round(child, round int) (list [][]byte, said []indicator.Observation) {
	r := rand.New(rand.NewPCG(p.Seed, uint64(child)<<16|uint64(round)))
	if round == 0 {
		list = figure.Tell(&figure.TellEnterprise{Enterprise: p.firm(child)})
	}
	commit := int64(1+round) * int64(5*time.Minute)
	for _, d := range p.library.Definitions() {
		hash, _ := figure.ParseHash(d.Hash()) // it is one
		o := rollup.Said(r, d)
		said = append(said, o)
		list = append(list, figure.Tell(&figure.TellObservation{Definition: hash, Observation: o.Encode(), Commit: commit,
			Key: figure.Key{Indicator: d.ID, Filter: figure.All, Kind: p.period.Kind, Period: p.period.Label, Code: p.codes[child]}})...)
	}
	return append(list, figure.Tell(proofOf(r, commit, p.Figures))...), said
}

// proofOf is as long as a proof of a commit of so many records. What it proves is nothing: takers keep it for whoever asks.
func proofOf(r *rand.Rand, commit int64, records int) *figure.TellProof {
	hash := func() (h figure.Hash) {
		for i := range h {
			h[i] = byte(r.Uint32())
		}
		return h
	}
	x := &figure.TellProof{Commit: commit, Proof: make([]byte, 1200)}
	for i := range records {
		x.Items = append(x.Items, hash())
		x.Own = append(x.Own, figure.Own{Place: i, Salt: hash()})
	}
	return x
}
