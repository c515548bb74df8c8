//! Real inputs, damaged: what finds more than random bytes do.

use crate::Random;

/// Makes inputs out of seeds.
pub struct Mutator<'a> {
    random: Random,
    seeds: &'a [Vec<u8>],
    /// Pieces that mean something to the target.
    words: &'a [&'a str],
    longest: usize,
}

impl<'a> Mutator<'a> {
    /// Inputs of at most `longest` bytes from these seeds and words.
    #[must_use]
    pub fn new(seed: u64, seeds: &'a [Vec<u8>], words: &'a [&'a str], longest: usize) -> Self {
        Self { random: Random::new(seed), seeds, words, longest }
    }

    /// The next input: a window of a seed with a few changes.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.window();
        for _ in 0..self.random.below(6) {
            self.change(&mut input);
        }
        input.truncate(self.longest);
        input
    }

    fn window(&mut self) -> Vec<u8> {
        let Some(seed) = self.random.pick(self.seeds) else { return Vec::new() };
        let start = if self.random.below(3) == 0 { self.random.below(seed.len()) } else { 0 };
        seed.iter().skip(start).take(self.longest).copied().collect()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        let until = (at + self.random.below(16)).min(input.len());
        match self.random.below(7) {
            0 => flip(&mut self.random, input, at),
            1 => drop(input.drain(at..until)),
            2 => input.truncate(at),
            3 => self.insert(input, at),
            4 => {
                let copy = input[at..until].to_vec();
                splice(input, at, &copy);
            }
            5 => {
                let other = self.window();
                let end = self.random.below(other.len().min(200) + 1);
                splice(input, at, &other[..end]);
            }
            _ => {
                let noise: Vec<u8> = (0..4).map(|_| self.random.bits().to_le_bytes()[0]).collect();
                splice(input, at, &noise);
            }
        }
    }

    fn insert(&mut self, input: &mut Vec<u8>, at: usize) {
        let word = self.random.pick(self.words).copied().unwrap_or_default();
        splice(input, at, word.as_bytes());
    }
}

fn flip(random: &mut Random, input: &mut [u8], at: usize) {
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

fn splice(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_makes_one_run() {
        let seeds = [b"kind: Service".to_vec(), b"a: [1, 2]".to_vec()];
        let run = |seed| {
            let mut mutator = Mutator::new(seed, &seeds, &["---"], 100);
            (0..50).map(|_| mutator.next_input()).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert!(run(1).iter().all(|input| input.len() <= 100));
    }
}
