(query) => query.startsWith('?') ? location.origin + location.pathname + query : query
