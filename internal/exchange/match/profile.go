package match

import (
	"fmt"
	"io/fs"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// DirProfile is the folder of the profile among the packs; the profile is its file standard.yaml.
const DirProfile = "matching"

// Weights of the parts of a match, in ten-thousandths.
type Weights struct {
	Kind      int64 `json:"kind" yaml:"kind"`
	Words     int64 `json:"words" yaml:"words"`
	Trade     int64 `json:"trade" yaml:"trade"`
	Cases     int64 `json:"cases" yaml:"cases"`
	Budget    int64 `json:"budget" yaml:"budget"`
	Region    int64 `json:"region" yaml:"region"`
	Size      int64 `json:"size" yaml:"size"`
	Protocols int64 `json:"protocols" yaml:"protocols"`
	Rating    int64 `json:"rating" yaml:"rating"`
}

func (w *Weights) all() [9]int64 {
	return [9]int64{w.Kind, w.Words, w.Trade, w.Cases, w.Budget, w.Region, w.Size, w.Protocols, w.Rating}
}

// Standing of a provider: scores from From up to that of the next one; the last one is closed at 100.
type Standing struct {
	ID   string    `json:"id" yaml:"id"`
	From int64     `json:"from" yaml:"from"`
	Name text.Text `json:"name" yaml:"name"`
}

// Rules of rating providers. Scores are 0 to 100.
type Rules struct {
	Parts     Parts      `json:"parts" yaml:"parts"`
	Prior     Prior      `json:"prior" yaml:"prior"`
	Standings []Standing `json:"standings" yaml:"standings"`
}

// Parts of a rating, in hundredths.
type Parts struct {
	Customers int64 `json:"customers" yaml:"customers"`
	Delivery  int64 `json:"delivery" yaml:"delivery"`
	Checks    int64 `json:"checks" yaml:"checks"`
}

// Prior draws a provider with few contracts towards a score.
type Prior struct {
	Score     int64 `json:"score" yaml:"score"`
	Contracts int64 `json:"contracts" yaml:"contracts"`
}

// Profile says what counts how much.
type Profile struct {
	pack.Header `yaml:",inline"`

	Weights Weights `yaml:"weights"`
	Least   int64   `yaml:"least"` // score below which a pair is not told
	Most    int     `yaml:"most"`  // pairs that are kept for a need
	Rating  Rules   `yaml:"rating"`
}

const whole = 10_000

// Check reports what is wrong with the pack.
func (p *Profile) Check(report func(where, what string)) {
	sum := int64(0)
	for _, w := range p.Weights.all() {
		if w < 0 {
			report("$.weights", "a weight is not negative")
		}
		sum += w
	}
	if sum != whole {
		report("$.weights", fmt.Sprintf("sum to %d, not to %d", sum, whole))
	}
	if p.Least < 0 || p.Least > whole {
		report("$.least", "want 0 to 10000")
	}
	if p.Most < 1 || p.Most > 200 {
		report("$.most", "want 1 to 200")
	}
	r := &p.Rating
	if x := r.Parts; x.Customers < 0 || x.Delivery < 0 || x.Checks < 0 || x.Customers+x.Delivery+x.Checks != 100 {
		report("$.rating.parts", "are not negative and sum to 100")
	}
	if x := r.Prior; x.Score < 0 || x.Score > 100 || x.Contracts < 0 || x.Contracts > 1000 {
		report("$.rating.prior", "want a score of 0 to 100 and at most 1000 contracts")
	}
	for i, s := range r.Standings {
		at := fmt.Sprintf("$.rating.standings[%d]", i)
		switch {
		case !idForm.MatchString(s.ID) || s.Name.Zh == "" || s.Name.En == "":
			report(at, "needs an id and a name in zh and en")
		case i == 0 && s.From != 0:
			report(at+".from", "the first one begins at 0: every score has a standing")
		case s.From > 100 || i > 0 && s.From <= r.Standings[i-1].From:
			report(at+".from", "want rising numbers up to 100")
		}
	}
	if len(r.Standings) == 0 {
		report("$.rating.standings", "there are none")
	}
}

// LoadProfile reads packs/matching/standard.yaml. Error: pack.Faults, or that it is missing.
func LoadProfile(files fs.FS) (*Profile, error) {
	set, err := pack.Load[Profile](files, DirProfile)
	if err != nil {
		return nil, fmt.Errorf("profile of matching: %w", err)
	}
	p := set.Get("standard")
	if p == nil {
		return nil, fmt.Errorf("profile of matching: %s/standard.yaml is missing", DirProfile)
	}
	return p, nil
}
