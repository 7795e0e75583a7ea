package match

import "jingwei/internal/kernel/text"

// History is what a provider's rating is made of: contracts that happened, and checks by third parties.
type History struct {
	Customers []int64 // of ratings that count, 0 to 100 each
	Delivered int64   // contracts that were delivered by the day agreed
	Late      int64   // and those that were not
	Checks    []int64 // the newest check of each third party, 0 to 100
}

// Rated is a provider's rating. Without a contract there is none.
type Rated struct {
	Known     bool      `json:"known" doc:"False: no rating yet, because no contract is known to have happened"`
	Score     int64     `json:"score" doc:"0 to 100; 0 where there is none"`
	Standing  string    `json:"standing,omitempty"`
	Name      text.Text `json:"name"`
	Customers *int64    `json:"customers,omitempty" doc:"0 to 100, drawn to the prior where contracts are few"`
	Delivery  *int64    `json:"delivery,omitempty"`
	Checks    *int64    `json:"checks,omitempty"`
	Contracts int64     `json:"contracts" doc:"Ratings by customers that count"`
	OnTime    int64     `json:"onTime"`
	Late      int64     `json:"late"`
}

var noRating = text.Text{Zh: "尚无评价", En: "no rating yet"}

// Rate works a rating out, in whole numbers, rounded half up once per part and once at the end. A provider that no customer has rated
// and that has delivered nothing has no rating, whatever a third party says: nothing is known is not 100.
func (r *Rules) Rate(h History) Rated {
	out := Rated{Contracts: int64(len(h.Customers)), OnTime: h.Delivered, Late: h.Late, Name: noRating}
	if len(h.Customers) == 0 && h.Delivered+h.Late == 0 {
		return out
	}
	sum, weights := int64(0), int64(0)
	take := func(into **int64, score, weight int64) {
		*into = &score
		sum += score * weight
		weights += weight
	}
	if n := int64(len(h.Customers)); n > 0 {
		take(&out.Customers, r.drawn(total(h.Customers), n), r.Parts.Customers)
	}
	if n := h.Delivered + h.Late; n > 0 {
		take(&out.Delivery, r.drawn(100*h.Delivered, n), r.Parts.Delivery)
	}
	if n := int64(len(h.Checks)); n > 0 {
		take(&out.Checks, nearest(total(h.Checks), n), r.Parts.Checks)
	}
	if weights == 0 {
		return out
	}
	out.Known, out.Score = true, nearest(sum, weights)
	if s := r.standing(out.Score); s != nil {
		out.Standing, out.Name = s.ID, s.Name
	}
	return out
}

// drawn is the mean of n scores and of the prior's.
func (r *Rules) drawn(sum, n int64) int64 {
	return nearest(sum+r.Prior.Score*r.Prior.Contracts, n+r.Prior.Contracts)
}

// nearest is a/b rounded half up; both are not negative.
func nearest(a, b int64) int64 { return (2*a + b) / (2 * b) }

func total(list []int64) (sum int64) {
	for _, x := range list {
		sum += x
	}
	return sum
}

// standing of a score from 0 to 100, both included; nil outside.
func (r *Rules) standing(score int64) *Standing {
	if score < 0 || score > 100 {
		return nil
	}
	for i := len(r.Standings) - 1; i >= 0; i-- {
		if score >= r.Standings[i].From {
			return &r.Standings[i]
		}
	}
	return nil
}
