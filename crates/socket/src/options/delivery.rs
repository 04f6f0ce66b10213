//! Options about what is received: events, ancillary items, interleaving, partial delivery, address form.

use usctp_proto::Time;

use super::{OptionName, OptionValue, Targets};
use crate::{AssocId, Domain, NotificationKind, SocketError, Style, Subscriptions, table::State};

impl State {
    pub(super) fn delivery_option(
        &self,
        index: usize,
        name: OptionName,
        id: AssocId,
    ) -> Result<OptionValue, SocketError> {
        let settings = &self.sockets[index].settings;
        Ok(match name {
            OptionName::Events => {
                let wanted = settings.inherited.subscriptions;
                OptionValue::Events { wanted, len: NotificationKind::ALL.len() }
            }
            OptionName::Event(kind) => {
                let target = self.target(index, id)?;
                OptionValue::Event(kind, self.inherited_of(index, target)?.subscriptions.has(kind))
            }
            OptionName::MappedV4 => OptionValue::MappedV4(settings.mapped_v4),
            OptionName::Context => {
                OptionValue::Context(self.inherited_of(index, self.target(index, id)?)?.receive_context)
            }
            OptionName::FragmentInterleave => OptionValue::FragmentInterleave(u32::from(settings.fragment_interleave)),
            OptionName::PartialDeliveryPoint => {
                OptionValue::PartialDeliveryPoint(settings.association.partial_delivery_point)
            }
            OptionName::ReceiveInfo => OptionValue::ReceiveInfo(settings.receive_info),
            _ => OptionValue::NextInfo(settings.next_info),
        })
    }

    pub(super) fn set_delivery_option(
        &mut self,
        now: Time,
        index: usize,
        id: AssocId,
        value: &OptionValue,
    ) -> Result<(), SocketError> {
        match *value {
            OptionValue::Events { wanted, len } => return self.set_events(index, wanted, len),
            OptionValue::Event(kind, on) => return self.set_event(index, id, kind, on),
            OptionValue::Context(context) => {
                let targets = self.targets(index, id)?;
                return self.change_inherited(index, &targets, |inherited| inherited.receive_context = context);
            }
            OptionValue::PartialDeliveryPoint(octets) => return self.set_partial_delivery_point(now, index, octets),
            _ => {}
        }
        let is_linux = self.personality.is_linux();
        let socket = self.socket(index)?;
        let domain = socket.domain;
        let settings = &mut socket.settings;
        match *value {
            // D7.1.16-4: RFC 6458 §8.1.15 has it for IPv6 sockets only.
            OptionValue::MappedV4(_) if domain == Domain::Inet && !is_linux => {
                return Err(SocketError::InvalidArgument);
            }
            OptionValue::MappedV4(on) => settings.mapped_v4 = on,
            // B3-7: RFC 6458 §8.1.20 has three levels; Linux knows 0 and, for anything else, 1.
            OptionValue::FragmentInterleave(level) if is_linux => settings.fragment_interleave = u8::from(level != 0),
            OptionValue::FragmentInterleave(level) => {
                let tells_stream =
                    settings.receive_info || settings.inherited.subscriptions.has(NotificationKind::DataIo);
                settings.fragment_interleave = match level {
                    0 => 0,
                    1 => 1,
                    2 if tells_stream => 2,
                    _ => return Err(SocketError::InvalidArgument),
                };
            }
            OptionValue::ReceiveInfo(on) => settings.receive_info = on,
            OptionValue::NextInfo(on) => settings.next_info = on,
            _ => return Err(SocketError::NoSuchOption),
        }
        Ok(())
    }

    /// SCTP_EVENTS: the first `len` kinds, for the socket and all of its associations.
    fn set_events(&mut self, index: usize, wanted: Subscriptions, len: usize) -> Result<(), SocketError> {
        let socket = self.socket(index)?;
        let subscriptions = &mut socket.settings.inherited.subscriptions;
        for kind in NotificationKind::ALL.into_iter().take(len) {
            subscriptions.set(kind, wanted.has(kind));
        }
        let now = *subscriptions;
        let style = socket.style;
        for key in socket.associations.clone() {
            if let Some(record) = self.associations.get_mut(&key) {
                record.inherited.subscriptions = now;
            }
            // RFC 6458 §6.1.9: at once where nothing is queued; Linux does so where there is but one association.
            if style != Style::OneToMany {
                self.tell_if_dry(key);
            }
        }
        Ok(())
    }

    fn set_event(&mut self, index: usize, id: AssocId, kind: NotificationKind, on: bool) -> Result<(), SocketError> {
        let targets = self.targets(index, id)?;
        self.change_inherited(index, &targets, |inherited| inherited.subscriptions.set(kind, on))?;
        if on && kind == NotificationKind::SenderDry {
            for key in targets.associations {
                self.tell_if_dry(key);
            }
        }
        Ok(())
    }

    fn set_partial_delivery_point(&mut self, now: Time, index: usize, octets: u32) -> Result<(), SocketError> {
        let socket = self.socket(index)?;
        if octets as usize > socket.settings.receive_buffer / 2 {
            return Err(SocketError::InvalidArgument);
        }
        let targets = Targets { endpoint: true, associations: socket.associations.clone() };
        for target in targets.each() {
            // One that has just ended needs it no more.
            let _ = self.change_config(now, index, target, |config| config.partial_delivery_point = octets);
        }
        Ok(())
    }
}
