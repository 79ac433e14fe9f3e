//! Deleting what is older than policy allows to keep.

use rusqlite::{Connection, params};

/// Deletes up to `most` calls whose last sign of life was before `before_ms` and that have nothing
/// left to deliver, with all that hangs on them; the number deleted. Ratings of that age go too.
pub fn purge(connection: &Connection, before_ms: i64, most: u32) -> rusqlite::Result<u32> {
    connection.execute("DELETE FROM rating WHERE at_ms < ?1", [before_ms])?;
    let deleted = connection.execute(
        "DELETE FROM call WHERE call_id IN (
            SELECT call_id FROM call
            WHERE opened_ms < ?1 AND coalesce(closed_ms, 0) < ?1
            AND NOT EXISTS (SELECT 1 FROM dialogue
                WHERE dialogue.call_id = call.call_id AND dialogue.at_ms >= ?1)
            AND NOT EXISTS (SELECT 1 FROM escalation
                JOIN notice USING (escalation_id) JOIN delivery USING (notice_id)
                WHERE escalation.call_id = call.call_id AND delivery.state = 'pending')
            ORDER BY opened_ms LIMIT ?2)",
        params![before_ms, most],
    )?;
    Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
}
