//! Follows a fixture's own tool calls: the request it answers, the assistant turn it gives, the tool results a client
//! would send back, and who answers then.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::super::ScopeContext;
use super::witness;
use crate::exchange::{Block, Exchange, Message, Reply, Role, ToolCall, Turn};
use crate::matcher::Strictness;

/// Longer dialogues than this are not followed.
const MOST_STEPS: usize = 12;

/// How a dialogue goes on after a fixture's tool calls.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::lint) enum Outcome {
    /// The same fixture answers its own tool results and calls tools again; `endless` if nothing ever stops it.
    Repeats { endless: bool },
    /// Nothing answers the tool results.
    DeadEnd,
}

/// What became of a dialogue, and the request that shows it.
#[derive(Debug)]
pub(in crate::lint) struct Dialogue {
    pub(super) outcome: Outcome,
    /// The request at which the outcome shows.
    pub(super) exchange: Exchange,
}

/// The dialogues of all rows.
pub(in crate::lint) fn all(context: &ScopeContext<'_>) -> Vec<Option<Dialogue>> {
    (0..context.entries.len()).into_par_iter().map(|row| follow(context, row)).collect()
}

/// What goes wrong in the dialogue that a row's own plainest request starts. `None` when nothing does, and when another
/// fixture answers that request, so that the dialogue is not its own.
fn follow(context: &ScopeContext<'_>, row: usize) -> Option<Dialogue> {
    turn_of(context, row, 0).filter(|turn| turn.calls_tools())?;
    context.witness(row).filter(|witness| witness.answered_by == Some(row))?;
    let mut exchange = witness::own_request(context, row)?;
    let mut served = context.table.served_before(row);
    let mut repeated: Option<Exchange> = None;
    for step in 0..MOST_STEPS {
        let answering = context.table.claim(&*context.seen(&exchange)?, &mut served, Strictness::default()).row();
        let turn = answering.and_then(|answering| turn_of(context, answering, served.count(answering).saturating_sub(1)));
        let calls = turn.filter(|turn| turn.calls_tools());
        // Another fixture that calls tools has a dialogue of its own.
        let (Some(turn), true) = (calls, answering == Some(row)) else {
            let outcome = match (&repeated, answering) {
                (Some(_), _) => Outcome::Repeats { endless: false },
                (None, None) => Outcome::DeadEnd,
                (None, Some(_)) => return None,
            };
            return Some(Dialogue { outcome, exchange: repeated.unwrap_or(exchange) });
        };
        if step == 1 {
            repeated = Some(exchange.clone());
        }
        append(&mut exchange, turn);
    }
    Some(Dialogue { outcome: Outcome::Repeats { endless: true }, exchange: repeated.unwrap_or(exchange) })
}

/// What a row answers when it was served this many times before.
fn turn_of<'a>(context: &'a ScopeContext<'_>, row: usize, times: u64) -> Option<&'a Turn> {
    let fixture = &context.entries.get(row)?.entry.fixture;
    let answer = fixture.answer_at(times)?;
    if let Reply::Turn(turn) = &answer.reply { Some(turn) } else { None }
}

/// The assistant turn and one result for each of its calls, as clients send them back.
fn append(exchange: &mut Exchange, turn: &Turn) {
    let before = exchange.request.messages.len();
    let calls: Vec<ToolCall> = turn
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::ToolCall { name, arguments, id } => Some((name, arguments, id)),
            Block::Text(_) => None,
        })
        .enumerate()
        .map(|(number, (name, arguments, id))| ToolCall {
            // Without a pinned id the server makes up a new one for each answer.
            id: Some(id.clone().unwrap_or_else(|| format!("call_generated_{before}_{number}"))),
            name: name.clone(),
            arguments: arguments.clone(),
        })
        .collect();
    let text = turn.text();
    let results: Vec<Message> = calls.iter().map(|call| Message::tool_result(call.id.clone().unwrap_or_default(), "{}")).collect();
    exchange.request.messages.push(Message {
        role: Role::Assistant,
        text: (!text.is_empty()).then_some(text),
        tool_calls: calls,
        tool_call_id: None,
    });
    exchange.request.messages.extend(results);
}
