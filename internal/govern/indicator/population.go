package indicator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Enterprise is what the register of enterprises says of one on a day.
type Enterprise struct {
	Entry      uuid.UUID // in the register
	Org        uuid.UUID // on this node; zero where it has not joined
	Code       string    // unified social credit code: who it is
	Name       string
	Industry   string
	Region     string
	Size       string
	Cluster    string
	Designated bool
	Tags       []string // that hold on the day
}

// Members is a population as it was on a day: a value that does not change. The same members have the same hash, whatever order the
// register tells them in.
type Members struct {
	Keeper   uuid.UUID
	Region   Region
	Filter   Filter
	Day      string
	List     []Enterprise // by code, each once
	Hash     string       // SHA-256 of the codes, in hex
	Doubles  int          // entries that were left out because their enterprise was there already
	Unplaced int          // enterprises of the register of which no division is known: nobody can say whether they belong
}

// Draw makes the population of a region out of a keeper's register.
func Draw(ctx context.Context, from Enterprises, keeper uuid.UUID, r Region, f Filter, day string) (*Members, error) {
	m := &Members{Keeper: keeper, Region: r, Filter: f, Day: day}
	err := from.Each(ctx, keeper, day, func(e Enterprise) error {
		switch {
		case e.Region == "":
			m.Unplaced++
		case inRegion(e.Region, r.Code) && f.Holds(e):
			m.List = append(m.List, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("draw a population: %w", err)
	}
	slices.SortStableFunc(m.List, func(a, b Enterprise) int { return strings.Compare(a.Code, b.Code) })
	before := len(m.List)
	m.List = slices.CompactFunc(m.List, func(a, b Enterprise) bool { return a.Code == b.Code })
	m.Doubles = before - len(m.List)
	sum := sha256.New()
	for i := range m.List {
		fmt.Fprintln(sum, m.List[i].Code)
	}
	m.Hash = hex.EncodeToString(sum.Sum(nil))
	return m, nil
}
