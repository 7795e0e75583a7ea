package api

import (
	"jingwei/internal/kernel/store"
)

// Paging is embedded in the input of a list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many items at most"`
	Cursor string `query:"cursor" maxLength:"1024" doc:"Next of the page before"`
}

// Page is what the store takes.
func (p Paging) Page() store.Page { return store.Page{Limit: p.Limit, After: p.Cursor} }

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
}

// NewPage never has null for items.
func NewPage[T any](items []T, next string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, Next: next}
}

// List is the output of a list operation.
type List[T any] struct {
	Body Page[T]
}

// Listed makes a List.
func Listed[T any](items []T, next string) *List[T] { return &List[T]{Body: NewPage(items, next)} }
