mod codecs;

fn main() {}
