fn main() {}
mod corpus_texts;
