package assess

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// Known is a fact of a plant as it is kept and told: its value, the time it is about, and everything it rests on, so that it can be
// followed down to machines and series. Exactly one of Flag, Number and Part with Of is given.
type Known struct {
	Key    string    `json:"key" doc:"Such as machines.networked"`
	Flag   *bool     `json:"flag,omitempty"`
	Number string    `json:"number,omitempty" doc:"A decimal"`
	Unit   string    `json:"unit,omitempty" doc:"UCUM, of the number"`
	Part   *int64    `json:"part,omitempty"`
	Of     *int64    `json:"of,omitempty"`
	From   time.Time `json:"from" doc:"Begin of the time that was looked at"`
	To     time.Time `json:"to" doc:"Its end, exclusive"`
	Text   text.Text `json:"text" doc:"How it was found out"`
	Rests  []Rest    `json:"rests" nullable:"false" doc:"What it rests on, at most 200"`
	More   int       `json:"more,omitempty" doc:"How many more it rests on"`
}

// MaxRests bounds what of a fact's ground is told.
const MaxRests = 200

// Rest is one thing that a fact rests on.
type Rest struct {
	Kind    string     `json:"kind" enum:"machine,series"`
	ID      uuid.UUID  `json:"id" format:"uuid"`
	Machine *uuid.UUID `json:"machine,omitempty" format:"uuid" doc:"Of a series"`
	Name    text.Text  `json:"name"`
	Counts  bool       `json:"counts" doc:"It counts for the fact; false: it is in the whole and does not count"`
	Days    int        `json:"days,omitempty" doc:"Days with good samples in the time"`
}

// Fact is the fact for scoring. Error: a number that is no decimal, or nothing.
func (k *Known) Fact() (Fact, error) {
	from := "fact:" + k.Key
	switch {
	case k.Flag != nil:
		return Flag(*k.Flag, from), nil
	case k.Part != nil && k.Of != nil:
		return Ratio(*k.Part, *k.Of, from), nil
	case k.Number != "":
		q, err := ParseQuantity(k.Number)
		if err != nil {
			return Fact{}, fmt.Errorf("fact %s: %w", k.Key, err)
		}
		return Amount(q, from), nil
	}
	return Fact{}, errors.New("fact " + k.Key + " has no value")
}

// Gathered are facts by name, for one assessment.
type Gathered map[string]Fact

// Fact returns one.
func (g Gathered) Fact(name string) (Fact, bool) { f, ok := g[name]; return f, ok }

// Gather makes facts of what is kept. Error: one that has no value.
func Gather(list []Known) (Gathered, error) {
	g := make(Gathered, len(list))
	for i := range list {
		f, err := list[i].Fact()
		if err != nil {
			return nil, err
		}
		g[list[i].Key] = f
	}
	return g, nil
}

// Said is a known fact's value in one line.
func (k *Known) Said() string {
	switch {
	case k.Flag != nil && *k.Flag:
		return "yes"
	case k.Flag != nil:
		return "no"
	case k.Part != nil && k.Of != nil:
		return fmt.Sprintf("%d/%d", *k.Part, *k.Of)
	}
	return k.Number
}
