//! The description of the API (OpenAPI 3.1), made from the table of routes and from the documentation beside each.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ComponentsBuilder, ContentBuilder, Info, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, ServerBuilder,
        path::{Operation, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{problem, problem::Problem, routes};

const ABOUT: &str = "What an administrator can do in the console, for programs. Every request carries a token, which an \
                     owner makes: `Authorization: Bearer …`. Every change is in the audit log, as one of \"token NAME of \
                     ADMINISTRATOR\". Lists come in pages: send what the last one calls `next` as `after`. Errors are \
                     problems (RFC 9457).";

/// Every route of the table.
#[must_use]
pub fn description() -> OpenApi {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let mut components = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(bearer))
        .schema(Problem::name(), Problem::schema());
    let mut info = Info::new("Hearth", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    let mut api = OpenApiBuilder::new().info(info).build();
    for route in routes::all() {
        components = components.schemas_from_iter(route.schemas);
        for (path, item) in route.paths.paths {
            match api.paths.paths.get_mut(&path) {
                Some(known) => known.merge_operations(item),
                None => {
                    api.paths.paths.insert(path, item);
                }
            }
        }
    }
    for operation in api.paths.paths.values_mut().flat_map(operations) {
        refuse_with_problems(operation);
    }
    api.components = Some(components.build());
    api.servers = Some(vec![ServerBuilder::new().url("/api/v1").build()]);
    api.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    api
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete]
        .into_iter()
        .flatten()
}

/// Whatever goes wrong, it is told in the same form.
fn refuse_with_problems(operation: &mut Operation) {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(Problem::name())))
        .build();
    let response = ResponseBuilder::new()
        .description("What was wrong, and what to do.")
        .content(problem::MEDIA_TYPE, content)
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(response));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_table_is_described_and_nothing_else() {
        let api = description();
        let mut described = Vec::new();
        for (path, item) in &api.paths.paths {
            let methods = [
                ("GET", &item.get),
                ("PUT", &item.put),
                ("POST", &item.post),
                ("DELETE", &item.delete),
                ("PATCH", &item.patch),
                ("HEAD", &item.head),
                ("OPTIONS", &item.options),
                ("TRACE", &item.trace),
            ];
            let there = methods.into_iter().filter(|(_, operation)| operation.is_some());
            described.extend(there.map(|(method, _)| (method.to_owned(), path.clone())));
        }
        let mut routes: Vec<_> = routes::table()
            .iter()
            .map(|route| (route.method.to_owned(), route.path.to_owned()))
            .collect();
        described.sort();
        routes.sort();
        assert_eq!(described, routes);
    }

    #[test]
    fn every_operation_says_what_it_is_and_what_comes_back() {
        let mut api = description();
        for (path, item) in &mut api.paths.paths {
            for operation in operations(item) {
                let responses = &operation.responses.responses;
                assert!(
                    operation.summary.as_ref().is_some_and(|text| text.ends_with('.')),
                    "{path}"
                );
                assert!(responses.keys().any(|status| status.starts_with('2')), "{path}");
                assert!(responses.contains_key("default"), "{path}");
                let json = serde_json::to_value(&operation.parameters).expect("parameters are JSON");
                let named = json.as_array().into_iter().flatten();
                let in_path = named.filter(|parameter| parameter["in"] == "path");
                assert_eq!(
                    in_path.count(),
                    path.matches('{').count(),
                    "{path} has a part that is not described"
                );
            }
        }
    }

    #[test]
    fn no_reference_leads_nowhere() {
        let json = serde_json::to_value(description()).expect("a description is JSON");
        let text = json.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap_or_default();
            assert!(
                json["components"]["schemas"].get(name).is_some(),
                "{name} is not described"
            );
        }
    }
}
