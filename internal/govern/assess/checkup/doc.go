// Package checkup is the check-up as people use it: an enterprise answers an instrument question by question, from several devices and
// over bad lines; submitting freezes the answers, the facts of the plant and the result, and the same bytes come out when it is computed
// again. Beside the self-check stand what the plant measured and, where asked for, what an expert confirmed. An officer's organisation
// calls enterprises to a campaign and publishes its results so that no enterprise can be told from them.
//
// Grades come from what is there, never from what is said: an answer is declared (E0), documented by papers that were handed in (E1),
// checked by an expert of another organisation (E2) or measured by the platform (E3).
//
// Files: checkup.go, expert.go, campaign.go (nouns, pure), compare.go (what changed), store.go, service.go, result.go, experts.go,
// campaigns.go, consent.go (verbs), api*.go (routes). Sources: the instruments name theirs; suppression as in assess.
package checkup
