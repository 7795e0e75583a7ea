package match

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// Guest is somebody who has signed up for an event, with the guests of the other side whom it wants to meet, the dearest first.
type Guest struct {
	ID     uuid.UUID
	Wishes []uuid.UUID
}

// Meeting of a firm and a provider at an event.
type Meeting struct {
	Round    int // from 1
	Table    int // from 1
	Firm     uuid.UUID
	Provider uuid.UUID
	Mutual   int64 // rank of each for the other, summed; 2 is best
}

// Pairing makes the table of an event. In each round nobody sits at two tables, no two meet a second time, and the round is stable
// (Gale and Shapley): no two who could still meet would both rather meet each other than whom they got. Firms propose in odd rounds
// and providers in even ones, so that neither side is favoured. Where there are fewer tables than pairs, those who have met fewest so
// far go first. Who wants nobody and fits nobody (score 0, no wish) is not paired. The table depends on nothing but what is given.
func Pairing(firms, providers []Guest, score func(firm, provider uuid.UUID) int64, rounds, tables int) []Meeting {
	byID := func(a, b Guest) int { return bytes.Compare(a.ID[:], b.ID[:]) }
	firms, providers = slices.SortedFunc(slices.Values(firms), byID), slices.SortedFunc(slices.Values(providers), byID)
	f, p := ranks(firms, providers, score), ranks(providers, firms, func(provider, firm uuid.UUID) int64 { return score(firm, provider) })
	fits := func(i, j int) bool {
		return score(firms[i].ID, providers[j].ID) > 0 || slices.Contains(firms[i].Wishes, providers[j].ID) || slices.Contains(providers[j].Wishes, firms[i].ID)
	}
	open := make([][]bool, len(firms)) // may still meet
	for i := range firms {
		open[i] = make([]bool, len(providers))
		for j := range providers {
			open[i][j] = fits(i, j)
		}
	}
	had := [2][]int{make([]int, len(firms)), make([]int, len(providers))}
	var out []Meeting
	for round := 1; round <= rounds; round++ {
		var pairs [][2]int
		if round%2 == 1 {
			pairs = accept(len(firms), len(providers), f, p, func(i, j int) bool { return open[i][j] })
		} else {
			for _, x := range accept(len(providers), len(firms), p, f, func(j, i int) bool { return open[i][j] }) {
				pairs = append(pairs, [2]int{x[1], x[0]})
			}
		}
		mutual := func(x [2]int) int { return f[x[0]][x[1]] + p[x[1]][x[0]] }
		slices.SortFunc(pairs, func(a, b [2]int) int {
			return cmp.Or(
				cmp.Compare(had[0][a[0]]+had[1][a[1]], had[0][b[0]]+had[1][b[1]]),
				cmp.Compare(mutual(a), mutual(b)), cmp.Compare(a[0], b[0]))
		})
		for n, x := range pairs[:min(len(pairs), tables)] {
			i, j := x[0], x[1]
			open[i][j] = false
			had[0][i]++
			had[1][j]++
			out = append(out, Meeting{Round: round, Table: n + 1, Firm: firms[i].ID, Provider: providers[j].ID, Mutual: int64(mutual(x))})
		}
	}
	return out
}

// ranks tell for each of one side the rank of each of the other, from 1: wishes first, in their order, then by score, then by id.
func ranks(mine, others []Guest, score func(mine, other uuid.UUID) int64) [][]int {
	out := make([][]int, len(mine))
	for i, m := range mine {
		order := make([]int, len(others))
		for j := range order {
			order[j] = j
		}
		wish := func(j int) int {
			if n := slices.Index(m.Wishes, others[j].ID); n >= 0 {
				return n
			}
			return len(m.Wishes)
		}
		slices.SortStableFunc(order, func(a, b int) int {
			return cmp.Or(cmp.Compare(wish(a), wish(b)), cmp.Compare(score(m.ID, others[b].ID), score(m.ID, others[a].ID)))
		})
		out[i] = make([]int, len(others))
		for n, j := range order {
			out[i][j] = n + 1
		}
	}
	return out
}

// accept is deferred acceptance: n propose to m, in the order of their ranks.
func accept(n, m int, mine, theirs [][]int, open func(i, j int) bool) (pairs [][2]int) {
	lists := make([][]int, n)
	for i := range n {
		for j := range m {
			if open(i, j) {
				lists[i] = append(lists[i], j)
			}
		}
		slices.SortFunc(lists[i], func(a, b int) int { return cmp.Compare(mine[i][a], mine[i][b]) })
	}
	held := make([]int, m)
	for j := range held {
		held[j] = -1
	}
	free := make([]int, n)
	for i := range free {
		free[i] = n - 1 - i
	}
	for len(free) > 0 {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		for len(lists[i]) > 0 {
			j := lists[i][0]
			lists[i] = lists[i][1:]
			if other := held[j]; other < 0 || theirs[j][i] < theirs[j][other] {
				held[j] = i
				if other >= 0 {
					free = append(free, other)
				}
				break
			}
		}
	}
	for j, i := range held {
		if i >= 0 {
			pairs = append(pairs, [2]int{i, j})
		}
	}
	return pairs
}
