-- +goose Up
-- Tokens that package search has made; the tokenizer only cuts at the blanks between them. Nothing but the index is kept.
CREATE VIRTUAL TABLE identify_words USING fts5(words, content='', contentless_delete=1, detail=none, tokenize="unicode61 remove_diacritics 0");
