package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// Tag is the heading under which the document lists a room's operations.
type Tag string

// Operation is an operation under the heading.
func (t Tag) Operation(method, id, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{string(t)}, Summary: summary}
}

// Created makes 201 the status of an operation that has made something.
func Created(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

// ByID is embedded in the input of an operation on one thing, which the path names.
type ByID struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

// One is the answer with one resource and its version.
type One[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// OrNil is an id that need not be given; zero where it is not.
func OrNil(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}
